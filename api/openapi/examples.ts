/** A patient that the shipped model takes: the columns that it requires, and no more. Nobody it tells of exists. */
const PATIENT = {
  patient_id: 'SYN-1',
  facility_id: 'SYN-F1',
  due_date: '2026-11-30',
  age: 34,
  gender: 'female',
  months_on_art: 20,
  days_to_due: 3,
  last_days_supply: 90,
  days_since_last_refill: 87,
} as const;

/** An NMRS message of one patient with one pickup. */
const MESSAGE = {
  messageHeader: { facilityDatimCode: 'SYNFAC00001' },
  messageData: {
    demographics: { patientUuid: 'SYN-1', birthdate: '1990-02-03 00:00:00', gender: 'F' },
    visits: [],
    encounters: [
      {
        encounterUuid: 'e1',
        encounterDatetime: '2026-10-20 10:00:00',
        pmmForm: 'Pharmacy Order Form',
        voided: 0,
      },
    ],
    obs: [
      {
        encounterUuid: 'e1',
        obsDatetime: '2026-10-20 10:00:00',
        variableName: 'Medication duration',
        valueNumeric: 90,
        voided: 0,
      },
    ],
  },
};

const table = (delimiter: string): string =>
  `${Object.keys(PATIENT).join(delimiter)}\n${Object.values(PATIENT).join(delimiter)}\n`;

/** Bodies that requests may carry, as the pages of the API show them; each is sent by a test. */
export const BODY_EXAMPLES = {
  csv: table(','),
  semicolonCsv: table(';'),
  ndjson: `${JSON.stringify(PATIENT)}\n`,
  json: JSON.stringify([PATIENT]),
  patient: JSON.stringify(PATIENT),
  features: JSON.stringify({ ...PATIENT, as_of: '2026-11-27', due_date: undefined }),
  message: JSON.stringify(MESSAGE),
} as const;

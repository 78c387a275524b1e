/**
 * What was odd in patients' records and did not cost them: counted a job by code, each with its sentence. Stable: clients
 * switch on the codes.
 */
export const WARNING_CODES = {
  unreadable_value: 'An optional value could not be read and counts as missing.',
  unreadable_date: 'An optional date could not be read and counts as missing.',
  ambiguous_date:
    'The day of an optional date could be its month, and nothing in the message tells: it counts as missing.',
  implausible_date: 'A record is dated before 1980 and was not counted.',
  future_record: 'A record is dated after today and was not counted.',
  future_pickup: 'A dispensing is dated after today and was not counted.',
  record_without_date: 'A record other than a dispensing has no date and was not counted.',
  unreadable_voided: 'It cannot be told whether a record is voided: it was not counted.',
  not_a_record: 'An entry among visits, encounters or observations is no object and was not counted.',
  encounter_without_form: 'An encounter names no form and does not count as a contact.',
  supply_out_of_range: 'A supply of no days or of more than two years counts as not written down.',
  supply_in_months: 'A supply below 7 was read as months: no other date shows that days were meant.',
  drug_not_recognised: 'A dispensed drug is no known one; it counts as ARV where none else was dispensed.',
  viral_load_without_result: 'A viral load says that there is no result and counts as missing.',
  dispensed_after_exit:
    'Medicines were dispensed after a documented death or transfer: the patient counts as in care.',
  history_unknown: 'A patient was transferred in: features of the time before are missing.',
  birth_date_estimated: 'Only the year or month of birth is given; the middle of it counts.',
  resource_not_read: 'A FHIR resource is of a type that is not read.',
  quantity_as_supply: 'Days of supply were worked out from the quantity dispensed, at one a day.',
} as const;

export type WarningCode = keyof typeof WARNING_CODES;

/** Counts warnings by code. */
export class WarningCounter {
  readonly counts = new Map<WarningCode, number>();

  warn(code: WarningCode, times = 1): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + times);
  }
}

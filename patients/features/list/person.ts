import { defineFeatures } from '../definition.ts';
import { completedYears } from '#patients/record/epoch-day.ts';
import { hundredths } from '../history.ts';

const DAYS_A_MONTH = 30.4375;

/** Who the patient is and how long on treatment. Key population is never a feature. */
export const PERSON_FEATURES = defineFeatures([
  {
    name: 'age',
    kind: 'integer',
    unit: 'years',
    min: 0,
    max: 120,
    required: true,
    description: 'Completed years of age on the as-of date.',
    records: 'demographics: birthdate',
    missing: 'No usable birth date (none, or after the as-of date).',
    lineList: 'snapshot',
    words: {
      label: 'age',
      raises: ['Aged {value}'],
      lowers: ['Aged {value}'],
      missing: 'Age not on record',
    },
    compute: (h) => completedYears(h.record.birthDay, h.asOf),
  },
  {
    name: 'gender',
    kind: 'categorical',
    required: true,
    categories: [
      { code: 0, label: 'female' },
      { code: 1, label: 'male' },
    ],
    description: 'Sex as recorded.',
    records: 'demographics: gender',
    missing: 'Not recorded, or neither female nor male.',
    lineList: 'snapshot',
    words: {
      label: 'sex',
      raises: ['Sex: {value}'],
      lowers: ['Sex: {value}'],
      missing: 'Sex not on record',
    },
    compute: (h) => h.record.sex,
  },
  {
    name: 'has_phone',
    kind: 'boolean',
    description:
      'A phone number is on record. It measures record-keeping as much as people: see the model card.',
    records: 'demographics: phoneNumber',
    missing: 'The source has no phone column.',
    lineList: 'never',
    words: {
      label: 'phone on record',
      raises: ['A phone number is on record'],
      lowers: ['A phone number is on record'],
      zero: 'No phone number on record',
      missing: 'Not known whether a phone number is on record',
    },
    compute: (h) => h.record.hasPhone,
  },
  {
    name: 'out_of_catchment',
    kind: 'boolean',
    description: 'The patient lives in another state than the facility lies in.',
    records: 'demographics: stateProvince; message header: facilityState',
    missing: 'Either state is not recorded.',
    lineList: 'never',
    words: {
      label: 'lives out of catchment',
      raises: ['Lives in another state than the facility'],
      lowers: ['Lives in another state than the facility'],
      zero: 'Lives in the same state as the facility',
      missing: 'Home state not on record',
    },
    compute: (h) => h.record.outOfCatchment,
  },
  {
    name: 'months_on_art',
    kind: 'numeric',
    unit: 'months',
    min: 0,
    max: 600,
    required: true,
    description: 'Months since the start of antiretroviral therapy.',
    records: 'observation: ART start date (concept 159599)',
    missing: 'No ART start date, or one after the as-of date.',
    lineList: 'snapshot',
    words: {
      label: 'time on ART',
      raises: ['On ART for {value:months}'],
      lowers: ['On ART for {value:months}'],
      zero: 'Started ART this month',
      missing: 'ART start date not on record',
    },
    compute: (h) => hundredths((h.asOf - h.artStartDay()) / DAYS_A_MONTH),
  },
]);

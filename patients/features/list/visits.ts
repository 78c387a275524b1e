import { defineFeatures } from '../definition.ts';
import { hundredths, LOOK_BACK_DAYS, type History } from '../history.ts';

const RECORDS = 'visits and encounters, one a day';
const MISSING = 'The source has no visits.';

/** Share of contact days in 12 months on which more happened than fetching medicines. */
function clinicalShare(h: History): number {
  const n = h.visitsWithin(365);
  if (!(n > 0)) return Number.NaN;
  let clinical = 0;
  for (let i = h.visitCount - n; i < h.visitCount; i++) clinical += h.visitClinical[i]!;
  return hundredths(clinical / n);
}

/** Standard deviation of the days between contacts over their mean; 0 = like clockwork. */
function irregularity(h: History): number {
  const n = h.visitsWithin(LOOK_BACK_DAYS) - 1;
  if (!(n >= 2)) return Number.NaN;
  const mean = (h.visitDay[h.visitCount - 1]! - h.visitDay[0]!) / n;
  let squares = 0;
  for (let i = 1; i < h.visitCount; i++) {
    const off = h.visitDay[i]! - h.visitDay[i - 1]! - mean;
    squares += off * off;
  }
  return hundredths(Math.sqrt(squares / n) / mean);
}

function visitsIn(months: number, days: number): Parameters<typeof defineFeatures>[0][number] {
  return {
    name: `visit_frequency_${months}m`,
    kind: 'integer',
    unit: 'visits',
    min: 0,
    max: days + 1,
    description: `Contact days in the last ${days} days.`,
    records: RECORDS,
    missing: MISSING,
    lineList: 'never',
    words: {
      label: `visits in ${months} months`,
      raises: [`{value:visits} in the last ${months} months`],
      lowers: [`{value:visits} in the last ${months} months`],
      zero: `No visit in the last ${months} months`,
      missing: 'Visits not known',
    },
    compute: (h) => h.visitsWithin(days),
  };
}

/** How the patient keeps in touch with the facility. A line list knows none of these. */
export const VISIT_FEATURES = defineFeatures([
  {
    name: 'total_visits',
    kind: 'integer',
    unit: 'visits',
    min: 0,
    max: 1100,
    description: 'Contact days in the last three years.',
    records: RECORDS,
    missing: MISSING,
    lineList: 'never',
    words: {
      label: 'visits in three years',
      raises: ['{value:visits} on record in three years'],
      lowers: ['{value:visits} on record in three years'],
      missing: 'Visits not known',
    },
    compute: (h) => h.visitsWithin(LOOK_BACK_DAYS),
  },
  visitsIn(3, 91),
  visitsIn(6, 182),
  visitsIn(12, 365),
  {
    name: 'days_since_last_visit',
    kind: 'integer',
    unit: 'days',
    min: 0,
    max: 1100,
    description: 'Days since the last contact of any kind.',
    records: RECORDS,
    missing: 'No contact in three years, or the source has no visits.',
    lineList: 'never',
    words: {
      label: 'days since last visit',
      raises: ['Last seen {value:days} ago'],
      lowers: ['Last seen {value:days} ago'],
      zero: 'Seen today',
      missing: 'Last visit not known',
    },
    compute: (h) => (h.visitCount === 0 ? Number.NaN : h.asOf - h.visitDay[h.visitCount - 1]!),
  },
  {
    name: 'visit_regularity',
    kind: 'numeric',
    min: 0,
    max: 50,
    description:
      'Coefficient of variation of the days between contacts in three years; 0 means evenly spaced.',
    records: RECORDS,
    missing: 'Fewer than three contacts, or the source has no visits.',
    lineList: 'never',
    words: {
      label: 'irregularity of visits',
      raises: ['Visits are irregularly spaced'],
      lowers: ['Visits are evenly spaced'],
      missing: 'Too few visits to judge their regularity',
    },
    compute: irregularity,
  },
  {
    name: 'clinical_visit_ratio',
    kind: 'numeric',
    min: 0,
    max: 1,
    description: 'Share of contact days in 12 months with a clinical contact, not medicines alone.',
    records: 'encounters: care card, laboratory and enrolment against pharmacy',
    missing: 'No contact in 12 months, or the source has no visits.',
    lineList: 'never',
    words: {
      label: 'clinical share of visits',
      raises: ['{value:percent} of visits in the last year were clinical'],
      lowers: ['{value:percent} of visits in the last year were clinical'],
      zero: 'No clinical visit in the last year',
      missing: 'Clinical visits not known',
    },
    compute: clinicalShare,
  },
]);

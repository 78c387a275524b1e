import { defineFeatures, type FeatureWords } from '../definition.ts';
import { GRACE_DAYS } from '../history.ts';

const RECORDS = 'pharmacy encounters: dates and Medication duration';
const MISSING = 'Fewer than two pickups can be compared, or some are not on record.';
const COUNT_OVER = 10;

function meanLate(pickups: number): Parameters<typeof defineFeatures>[0][number] {
  return {
    name: `late_days_mean_${pickups}`,
    kind: 'numeric',
    unit: 'days',
    min: 0,
    max: 1100,
    description: `Mean days late over the last ${pickups} pickups (fewer where there are fewer); early counts as 0.`,
    records: RECORDS,
    missing: MISSING,
    lineList: 'stacked',
    words: {
      label: `mean days late, last ${pickups}`,
      raises: [`{value:days} late on average over the last ${pickups} pickups`],
      lowers: [`{value:days} late on average over the last ${pickups} pickups`],
      zero: `On time at each of the last ${pickups} pickups`,
      missing: 'Too few pickups to judge lateness',
    },
    compute: (h) => h.meanLate(pickups),
  };
}

function countLate(days: number): Parameters<typeof defineFeatures>[0][number] {
  const by = days === 0 ? 'late' : `more than ${days} days late`;
  const words: FeatureWords = {
    label: `pickups ${by}`,
    raises: [
      `${days === 0 ? 'Late' : `More than ${days} days late`} for {value} of the last {judged_10} pickups`,
      `{value:pickups} ${by}`,
    ],
    lowers: [
      `${days === 0 ? 'Late' : `More than ${days} days late`} for only {value} of the last {judged_10} pickups`,
      `{value:pickups} ${by}`,
    ],
    zero: days === 0 ? 'Never late at recent pickups' : `Never ${by} at recent pickups`,
    missing: 'Too few pickups to judge lateness',
  };
  return {
    name: `late_over_${days}_days`,
    kind: 'integer',
    unit: 'pickups',
    min: 0,
    max: COUNT_OVER,
    description: `How many of the last ten pickups were ${by}.`,
    records: RECORDS,
    missing: MISSING,
    lineList: 'stacked',
    words,
    compute: (h) => h.countLate(COUNT_OVER, days),
  };
}

/** How late the patient came for medicines, and earlier interruptions. All were lacking in the old list. */
export const LATENESS_FEATURES = defineFeatures([
  {
    name: 'late_days_last',
    kind: 'integer',
    unit: 'days',
    min: 0,
    max: 1100,
    description: 'Days by which the last pickup was late; 0 when on time or early.',
    records: RECORDS,
    missing: MISSING,
    lineList: 'stacked',
    words: {
      label: 'days late at last pickup',
      raises: ['{value:days} late at the last pickup'],
      lowers: ['{value:days} late at the last pickup'],
      zero: 'On time at the last pickup',
      missing: 'Too few pickups to judge lateness',
    },
    compute: (h) => h.meanLate(1),
  },
  meanLate(3),
  meanLate(5),
  meanLate(10),
  {
    name: 'late_pickups_of_5',
    kind: 'integer',
    unit: 'pickups',
    min: 0,
    max: 5,
    description: 'How many of the last five pickups were late, by however little.',
    records: RECORDS,
    missing: MISSING,
    lineList: 'stacked',
    words: {
      label: 'late pickups of the last 5',
      raises: [
        'Late for {value} of the last {judged_5} pickups, {late_days_mean_5:days} on average',
        'Late for {value} of the last {judged_5} pickups',
        'Late for {value} of the last 5 pickups',
      ],
      lowers: [
        'Late for only {value} of the last {judged_5} pickups',
        'Late for only {value} of the last 5 pickups',
      ],
      zero: 'On time at the last pickups',
      missing: 'Too few pickups to judge lateness',
    },
    compute: (h) => h.countLate(5, 0),
  },
  countLate(0),
  countLate(7),
  countLate(14),
  countLate(GRACE_DAYS),
  {
    name: 'prior_iit_episodes',
    kind: 'integer',
    unit: 'times',
    min: 0,
    max: 30,
    description:
      'Earlier interruptions in the last three years: more than 28 days past due without pickup or clinical contact.',
    records: 'pharmacy encounters and clinical contacts',
    missing: 'Some pickups, or the contacts between two of them, are not on record.',
    lineList: 'stacked',
    words: {
      label: 'earlier interruptions',
      raises: ['Interrupted treatment {value:times} in three years'],
      lowers: ['Interrupted treatment {value:times} in three years'],
      zero: 'No earlier interruption on record',
      missing: 'Earlier interruptions not known',
    },
    compute: (h) =>
      !h.pickupsComplete() || (!h.record.visitsKnown && h.iitEpisodes > 0) ? Number.NaN : h.iitEpisodes,
  },
  {
    name: 'days_since_last_iit',
    kind: 'integer',
    unit: 'days',
    min: 0,
    max: 1100,
    description: 'Days since the patient came back from the last interruption.',
    records: 'pharmacy encounters and clinical contacts',
    missing: 'No interruption on record in the last three years.',
    lineList: 'never',
    words: {
      label: 'days since last interruption',
      raises: ['Came back from an interruption {value:days} ago'],
      lowers: ['Came back from the last interruption {value:days} ago'],
      missing: 'No earlier interruption on record',
    },
    compute: (h) => (h.record.visitsKnown ? h.asOf - h.lastReturnDay : Number.NaN),
  },
]);

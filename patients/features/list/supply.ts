import { defineFeatures } from '../definition.ts';
import { hundredths, LOOK_BACK_DAYS, type History } from '../history.ts';

/** Three months and more count as multi-month dispensing. */
const MULTI_MONTH_DAYS = 84;
const REGIMEN_PICKUPS = 10;

function lastSupply(h: History): number {
  return h.pickupCount === 0 ? Number.NaN : h.pickupSupply[h.pickupCount - 1]!;
}

function averageSupply(h: History): number {
  if (!h.pickupsComplete()) return Number.NaN;
  let sum = 0;
  let n = 0;
  for (let i = 0; i < h.pickupCount; i++) {
    const supply = h.pickupSupply[i]!;
    if (Number.isNaN(supply)) continue;
    sum += supply;
    n++;
  }
  return n === 0 ? Number.NaN : hundredths(sum / n);
}

function multiMonthShare(h: History): number {
  if (Number.isNaN(h.pickupsWithin(365))) return Number.NaN;
  let multi = 0;
  let n = 0;
  for (let i = h.pickupCount - 1; i >= 0 && h.pickupDay[i]! > h.asOf - 365; i--) {
    const supply = h.pickupSupply[i]!;
    if (Number.isNaN(supply)) continue;
    n++;
    if (supply >= MULTI_MONTH_DAYS) multi++;
  }
  return n === 0 ? Number.NaN : hundredths(multi / n);
}

function sameRegimenShare(h: History): number {
  const judged = h.pickupCount >= REGIMEN_PICKUPS || h.gapsComplete;
  const last = h.pickupCount - 1;
  if (!judged || last < 0 || h.pickupRegimen[last]! < 0) return Number.NaN;
  let same = 0;
  let n = 0;
  for (let i = last; i >= 0 && i > last - REGIMEN_PICKUPS; i--) {
    if (h.pickupRegimen[i]! < 0) continue;
    n++;
    if (h.pickupRegimen[i] === h.pickupRegimen[last]) same++;
  }
  return hundredths(same / n);
}

/** What was dispensed, when it runs out, and how often the patient comes for it. */
export const SUPPLY_FEATURES = defineFeatures([
  {
    name: 'days_to_due',
    kind: 'integer',
    unit: 'days',
    min: -3650,
    max: 730,
    required: true,
    description:
      'Days from the as-of date to the due date (last pickup + days supplied); negative when overdue.',
    records: 'last pharmacy encounter, its duration; else the next-appointment observation',
    missing: 'No pickup on record, or neither its supply nor a next appointment.',
    lineList: 'snapshot',
    words: {
      label: 'days to due date',
      raises: ['{value:due}'],
      lowers: ['{value:due}'],
      missing: 'Due date not known',
    },
    compute: (h) => h.dueDay - h.asOf,
  },
  {
    name: 'last_days_supply',
    kind: 'integer',
    unit: 'days',
    min: 1,
    max: 730,
    required: true,
    description: 'Days of medicine given at the last pickup.',
    records: 'last pharmacy encounter: Medication duration (concept 159368)',
    missing: 'The duration was not written down.',
    lineList: 'snapshot',
    words: {
      label: 'last supply',
      raises: ['Was given {value:days} of medicine last time'],
      lowers: ['Was given {value:days} of medicine last time'],
      missing: 'Days of supply not on record',
    },
    compute: lastSupply,
  },
  {
    name: 'avg_days_supply',
    kind: 'numeric',
    unit: 'days',
    min: 1,
    max: 730,
    description: 'Mean days of medicine over the pickups of the last three years.',
    records: 'pharmacy encounters: Medication duration',
    missing: 'No pickup with a duration, or some pickups not on record.',
    lineList: 'stacked',
    words: {
      label: 'usual supply',
      raises: ['Usually given {value:days} of medicine'],
      lowers: ['Usually given {value:days} of medicine'],
      missing: 'Usual supply not known',
    },
    compute: averageSupply,
  },
  {
    name: 'mmd_ratio',
    kind: 'numeric',
    min: 0,
    max: 1,
    description: 'Share of the pickups of the last 12 months that gave three months (84 days) or more.',
    records: 'pharmacy encounters: Medication duration',
    missing: 'No pickup with a duration in 12 months, or some not on record.',
    lineList: 'stacked',
    words: {
      label: 'multi-month share',
      raises: ['{value:percent} of pickups in the last year were multi-month'],
      lowers: ['{value:percent} of pickups in the last year were multi-month'],
      zero: 'No multi-month supply in the last year',
      missing: 'Multi-month dispensing not known',
    },
    compute: multiMonthShare,
  },
  {
    name: 'total_dispensations',
    kind: 'integer',
    unit: 'pickups',
    min: 0,
    max: 1100,
    description: 'Pickups in the last three years; entries less than three days apart are one pickup.',
    records: 'pharmacy encounters',
    missing: 'Some pickups may not be on record.',
    lineList: 'stacked',
    words: {
      label: 'pickups on record',
      raises: ['{value:pickups} on record in three years'],
      lowers: ['{value:pickups} on record in three years'],
      missing: 'Number of pickups not known',
    },
    compute: (h) => h.pickupsWithin(LOOK_BACK_DAYS),
  },
  {
    name: 'days_since_last_refill',
    kind: 'integer',
    unit: 'days',
    min: 0,
    max: 5000,
    required: true,
    description: 'Days since the last pickup.',
    records: 'pharmacy encounters',
    missing: 'No pickup in the last three years.',
    lineList: 'snapshot',
    words: {
      label: 'days since last pickup',
      raises: ['Last pickup {value:days} ago'],
      lowers: ['Last pickup {value:days} ago'],
      zero: 'Picked up today',
      missing: 'No pickup on record',
    },
    compute: (h) => (h.pickupCount === 0 ? Number.NaN : h.asOf - h.pickupDay[h.pickupCount - 1]!),
  },
  {
    name: 'refill_frequency_3m',
    kind: 'integer',
    unit: 'pickups',
    min: 0,
    max: 92,
    description: 'Pickups in the last 91 days.',
    records: 'pharmacy encounters',
    missing: 'Some pickups may not be on record.',
    lineList: 'stacked',
    words: {
      label: 'pickups in 3 months',
      raises: ['{value:pickups} in the last 3 months'],
      lowers: ['{value:pickups} in the last 3 months'],
      zero: 'No pickup in the last 3 months',
      missing: 'Pickups in the last 3 months not known',
    },
    compute: (h) => h.pickupsWithin(91),
  },
  {
    name: 'refill_frequency_6m',
    kind: 'integer',
    unit: 'pickups',
    min: 0,
    max: 183,
    description: 'Pickups in the last 182 days.',
    records: 'pharmacy encounters',
    missing: 'Some pickups may not be on record.',
    lineList: 'stacked',
    words: {
      label: 'pickups in 6 months',
      raises: ['{value:pickups} in the last 6 months'],
      lowers: ['{value:pickups} in the last 6 months'],
      zero: 'No pickup in the last 6 months',
      missing: 'Pickups in the last 6 months not known',
    },
    compute: (h) => h.pickupsWithin(182),
  },
  {
    name: 'regimen_stability',
    kind: 'numeric',
    min: 0,
    max: 1,
    description: 'Share of the last ten pickups that gave the same regimen as the latest one.',
    records: 'pharmacy encounters: regimen',
    missing: 'The latest regimen is not on record.',
    lineList: 'stacked',
    words: {
      label: 'regimen stability',
      raises: ['Same regimen at {value:percent} of recent pickups'],
      lowers: ['Same regimen at {value:percent} of recent pickups'],
      missing: 'Regimen history not known',
    },
    compute: sameRegimenShare,
  },
  {
    name: 'regimen_line',
    kind: 'categorical',
    categories: [
      { code: 1, label: 'first line' },
      { code: 2, label: 'second line' },
      { code: 3, label: 'third line' },
    ],
    description: 'Line of the current regimen (in place of the old last_regimen_complexity).',
    records: 'last pharmacy encounter: regimen line (concepts 165708, 165724)',
    missing: 'The line was not written down.',
    lineList: 'snapshot',
    words: {
      label: 'regimen line',
      raises: ['On a {value} regimen'],
      lowers: ['On a {value} regimen'],
      missing: 'Regimen line not on record',
    },
    compute: (h) => (h.pickupCount === 0 ? Number.NaN : h.pickupLine[h.pickupCount - 1]!),
  },
]);

import { defineFeatures } from '../definition.ts';
import { civilDate } from '#patients/record/epoch-day.ts';

/**
 * Season in which the due date falls. The old list took month, quarter, weekday and year's end of the scoring
 * date, which are the same for everyone in one night's cohort and so could rank nobody.
 */
export const CALENDAR_FEATURES = defineFeatures([
  {
    name: 'is_holiday_season',
    kind: 'boolean',
    calendar: true,
    description: 'The due date falls between 15 December and 7 January.',
    records: 'due date',
    missing: 'The due date is not known.',
    lineList: 'snapshot',
    words: {
      label: 'due in the holidays',
      raises: ['Due over the end-of-year holidays'],
      lowers: ['Due over the end-of-year holidays'],
      zero: 'Not due over the end-of-year holidays',
      missing: 'Due date not known',
    },
    compute: (h) => {
      if (Number.isNaN(h.dueDay)) return Number.NaN;
      const { month, day } = civilDate(h.dueDay);
      return (month === 12 && day >= 15) || (month === 1 && day <= 7) ? 1 : 0;
    },
  },
  {
    name: 'is_rainy_season',
    kind: 'boolean',
    calendar: true,
    description: 'The due date falls between May and October, when roads are bad.',
    records: 'due date',
    missing: 'The due date is not known.',
    lineList: 'snapshot',
    words: {
      label: 'due in the rains',
      raises: ['Due in the rainy season'],
      lowers: ['Due in the rainy season'],
      zero: 'Due in the dry season',
      missing: 'Due date not known',
    },
    compute: (h) => {
      if (Number.isNaN(h.dueDay)) return Number.NaN;
      const { month } = civilDate(h.dueDay);
      return month >= 5 && month <= 10 ? 1 : 0;
    },
  },
]);

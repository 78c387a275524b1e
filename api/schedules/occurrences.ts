import { Cron } from 'croner';
import { isoDate } from '#patients/record/epoch-day.ts';
import { timeZone } from '#patients/values/time-zone.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { JobDocument } from '#api/objects/create-object-job.ts';

/** Five fields of cron, read in an IANA time zone. */
export type Rhythm = { cron: string; timeZone: string };

/** `{date}` is the day of the occurrence where the schedule lives, `{date-1}` the one before. */
const DATE = /\{date(?:-(?<back>\d{1,3}))?\}/gu;

/**
 * The first occurrence after a moment; undefined where there is none any more. A time that the clocks jump over is met when they have
 * jumped, one that comes twice is met the first time. Throws `invalid_body`.
 */
export function nextOccurrence({ cron, timeZone: zone }: Rhythm, after: Date): Date | undefined {
  try {
    return new Cron(cron, { timezone: zone, mode: '5-part' }).nextRun(after) ?? undefined;
  } catch (error) {
    throw new ServiceError('invalid_body', '`cron`: Write five fields, such as 30 2 * * 1-5.', {
      field: 'cron',
      cause: error,
    });
  }
}

/** From `first`, which is one, to `now`; the newest `most` of them. */
export function occurrencesUntil(rhythm: Rhythm, first: Date, now: Date, most: number): Date[] {
  const due: Date[] = [];
  for (let at: Date | undefined = first; at !== undefined && at <= now; at = nextOccurrence(rhythm, at)) {
    due.push(at);
    if (due.length > most) due.shift();
  }
  return due;
}

/** The document of one occurrence: its day stands where the schedule's has `{date}`. */
export function documentOf(document: JobDocument, rhythm: Rhythm, dueAt: Date): JobDocument {
  const day = timeZone(rhythm.timeZone).dayOf(dueAt.getTime());
  const text = JSON.stringify(document).replaceAll(DATE, (...parts) => {
    const { back = '0' } = parts.at(-1) as { back?: string };
    return isoDate(day - Number(back));
  });
  return JSON.parse(text) as JobDocument;
}

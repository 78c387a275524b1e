import type { EpochDay } from '../record/epoch-day.ts';

const MS_A_DAY = 86_400_000;
const MS_A_MINUTE = 60_000;

/** A place's calendar: which day it is there at an instant. Built by `timeZone`. */
export type TimeZone = {
  /** IANA name, such as `Africa/Lagos`. */
  readonly name: string;
  /** Day on which an instant (milliseconds since 1970, UTC) falls there. */
  readonly dayOf: (instantMs: number) => EpochDay;
};

export const DEFAULT_TIME_ZONE = 'Africa/Lagos';
/** Offsets change with the hour at most: those of the hours seen are kept. */
const MOST_HOURS = 10_000;

/** Throws `RangeError` for a name that the platform's time zone database does not have. */
export function timeZone(name: string = DEFAULT_TIME_ZONE): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  const offsets = new Map<number, number>();
  const offsetMs = (instantMs: number): number => {
    const hour = Math.floor(instantMs / 3_600_000);
    let offset = offsets.get(hour);
    if (offset === undefined) {
      const text = format.formatToParts(instantMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
      const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d{2}):(\d{2})/u.exec(text) ?? [];
      offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MS_A_MINUTE;
      if (offsets.size < MOST_HOURS) offsets.set(hour, offset);
    }
    return offset;
  };
  return { name, dayOf: (instantMs) => Math.floor((instantMs + offsetMs(instantMs)) / MS_A_DAY) };
}

export const LAGOS = timeZone();

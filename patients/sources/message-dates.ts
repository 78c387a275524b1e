import { parseIsoDay, type EpochDay } from '../record/epoch-day.ts';
import { judgeDateOrder, readDate, type DateOrder } from '../values/dates.ts';
import { isMissingDate } from '../values/missing.ts';
import { LAGOS, type TimeZone } from '../values/time-zone.ts';

/** Why a date of a message is none: nothing is written, it cannot be read, or day and month may be either way. */
export type DateFault = 'missing' | 'unreadable' | 'ambiguous';

const LONGEST_DATE = 120;
const WITH_SLASHES = /^\s*\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}/u;
/** Days that spreadsheets count so, of 1982 to 2119; smaller numbers are no dates of care. */
const FIRST_SERIAL = 30_000;
const LAST_SERIAL = 80_000;
const FIRST_MS = Date.UTC(1900, 0, 1);
const LAST_MS = Date.UTC(2200, 0, 1);

/**
 * Reads the dates of one message at a time, in every spelling that exports write: `2026-10-20 10:00:00`, ISO instants with
 * an offset and a zone's name, milliseconds or seconds since 1970 (number or digits), `{"$date": …}`, `[2026, 10, 20]`, month
 * names, and numbers between slashes, whose order the message's own dates must prove. An instant falls on the day that it
 * is in `zone`; a date without an offset is the place's own.
 */
export class MessageDates {
  /** Why the last `read` gave `NaN`. */
  fault: DateFault = 'missing';
  readonly #zone: TimeZone;
  #texts: (() => Iterable<string>) | undefined;
  readonly #toldOrder: DateOrder | undefined;
  #order: DateOrder | undefined;

  /** `order`: somebody has said how the messages write day and month; else each message must prove it. */
  constructor(zone: TimeZone = LAGOS, order?: DateOrder) {
    this.#zone = zone;
    this.#toldOrder = order;
  }

  /** A new message, with a way to see all of its date texts. */
  begin(texts: () => Iterable<string>): void {
    this.#texts = texts;
    this.#order = this.#toldOrder;
  }

  /** The day; `NaN` where there is none, and `fault` says why. */
  read(value: unknown): EpochDay {
    if (typeof value === 'string') {
      const { length } = value;
      if (length === 10 || (length === 19 && value.charCodeAt(13) === 58 && value.charCodeAt(16) === 58)) {
        const day = parseIsoDay(value);
        if (day === day) return day;
      }
      return this.#text(value);
    }
    if (typeof value === 'number') return this.#number(value);
    if (value === undefined || value === null) return this.#none('missing');
    return this.#structure(value);
  }

  #none(fault: DateFault): number {
    this.fault = fault;
    return Number.NaN;
  }

  #text(text: string): EpochDay {
    if (text.length > LONGEST_DATE) return this.#none('unreadable');
    const plain = text.trim();
    if (isMissingDate(plain)) return this.#none('missing');
    if (/^-?\d{9,14}$/u.test(plain)) return this.#number(Number(plain));
    if (/^\d{1,7}(?:\.\d+)?$/u.test(plain)) return this.#number(Math.floor(Number(plain)));
    return this.#spelled(plain);
  }

  #spelled(plain: string): EpochDay {
    if (WITH_SLASHES.test(plain)) this.#order ??= judgeDateOrder(this.#texts?.() ?? []);
    const day = readDate(plain, this.#order ?? 'unknown', this.#zone);
    if (day === 'ambiguous') return this.#none('ambiguous');
    return day ?? this.#none('unreadable');
  }

  /** Milliseconds or seconds since 1970, or the digits of a date and time. */
  #number(value: number): EpochDay {
    if (!Number.isInteger(value)) return this.#none('unreadable');
    if (value >= 19_000_101_000_000 && value <= 22_000_101_000_000)
      return this.#text(
        String(Math.floor(value / 1_000_000)).replace(/^(\d{4})(\d{2})(\d{2})$/u, '$1-$2-$3'),
      );
    if (value >= 19_000_101 && value <= 22_001_231) return this.#text(String(value));
    if (value >= FIRST_SERIAL && value <= LAST_SERIAL) return this.#spelled(String(value));
    const instantMs = Math.abs(value) >= 1e11 ? value : value >= 1e8 ? value * 1_000 : Number.NaN;
    return instantMs >= FIRST_MS && instantMs <= LAST_MS
      ? this.#zone.dayOf(instantMs)
      : this.#none('unreadable');
  }

  #structure(value: object): EpochDay {
    if (Array.isArray(value)) return this.#civil(value[0], value[1], value[2]);
    const fields = value as Readonly<Record<string, unknown>>;
    const inner = fields['$date'] ?? fields['$numberLong'] ?? fields['date'] ?? fields['value'];
    if (typeof inner === 'string' || typeof inner === 'number') return this.read(inner);
    if (typeof inner === 'object' && inner !== null && '$numberLong' in inner)
      return this.read((inner as Record<string, unknown>)['$numberLong']);
    return this.#civil(
      fields['year'],
      fields['monthValue'] ?? fields['month'],
      fields['dayOfMonth'] ?? fields['day'],
    );
  }

  #civil(year: unknown, month: unknown, day: unknown): EpochDay {
    if (typeof year !== 'number' || typeof day !== 'number') return this.#none('unreadable');
    if (typeof month === 'string' && /^[a-z]{3,9}$/iu.test(month))
      return this.#spelled(`${day}-${month}-${year}`);
    if (typeof month !== 'number') return this.#none('unreadable');
    const read = readDate(`${year}-${month}-${day}`, 'ymd', this.#zone);
    return typeof read === 'number' ? read : this.#none('unreadable');
  }
}

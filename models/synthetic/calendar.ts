import { civilDate, type EpochDay } from '#patients/record/epoch-day.ts';

/** Nigeria's public holidays of fixed date, month × 100 + day. Source: Public Holidays Act. */
const HOLIDAYS: ReadonlySet<number> = new Set([101, 501, 612, 1001, 1225, 1226]);

/** Log odds of coming late that a season adds [A]: rains and floods, travel around Christmas. */
const RAINS = 0.15;
const CHRISTMAS = 0.5;

/** Whether clinics see patients: not at weekends and on public holidays. */
export function isOpen(day: EpochDay): boolean {
  const weekday = (day + 4) % 7;
  if (weekday === 0 || weekday === 6) return false;
  const date = civilDate(day);
  return !HOLIDAYS.has(date.month * 100 + date.day);
}

/** The day itself, or the next one on which clinics are open. */
export function openFrom(day: EpochDay): EpochDay {
  let open = day;
  while (!isOpen(open)) open++;
  return open;
}

/** The day itself, or the last one before on which clinics were open. */
export function openUntil(day: EpochDay): EpochDay {
  let open = day;
  while (!isOpen(open)) open--;
  return open;
}

/** Log odds of coming late to a due date that its season adds. */
export function seasonalLateness(due: EpochDay): number {
  const { month, day } = civilDate(due);
  if ((month === 12 && day >= 15) || (month === 1 && day <= 7)) return CHRISTMAS;
  return month >= 6 && month <= 9 ? RAINS : 0;
}

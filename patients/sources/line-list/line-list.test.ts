import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { LineListFault } from './line-list-fault.ts';
import { tryList, type TriedRow } from './try-list.ts';

const AS_OF = '2026-06-30';
const TITLES = {
  facility: 'DatimId',
  name: 'Facility Name',
  id: 'Unique Id',
  hospital: 'Hospital Number',
  sex: 'Sex',
  birth: 'Date of Birth (yyyy-mm-dd)',
  age: 'Age',
  start: 'ART Start Date (yyyy-mm-dd)',
  pickup: 'Last Pickup Date (yyyy-mm-dd)',
  months: 'Months of ARV Refill',
  line: 'Current Regimen Line',
  sample: 'Date of Viral Load Sample Collection (yyyy-mm-dd)',
  own: 'Date of Current ViralLoad Result Sample (yyyy-mm-dd)',
  load: 'Current Viral Load (c/ml)',
  result: 'Date of Current Viral Load (yyyy-mm-dd)',
  status: 'Current ART Status',
  statusDate: 'Date of Current ART Status',
  deceased: 'patient_deceased_date',
  movedOut: 'patient_transferred_out_date',
  manager: 'Case Manager',
  snapshot: 'Snapshot Date',
} as const;
type Key = keyof typeof TITLES;
type Cells = Partial<Record<Key, string>>;
const PERSON: Cells = {
  facility: 'SYNF0000001',
  name: 'Synthetic clinic',
  id: 'SYN-1',
  hospital: '0012',
  sex: 'Female',
  birth: '1990-02-03',
  start: '2019-05-06',
  pickup: '2026-06-25',
  months: '3',
  line: 'First Line',
  status: 'Active',
};
const KEYS = Object.keys(TITLES) as Key[];

/** A header of the columns that some row has, and the rows, each a person like PERSON but for what it says. */
function list(...rows: readonly Cells[]): string[][] {
  const whole = rows.map((row) => ({ ...PERSON, ...row }));
  const keys = KEYS.filter((key) => whole.some((row) => row[key] !== undefined));
  return [keys.map((key) => TITLES[key]), ...whole.map((row) => keys.map((key) => row[key] ?? ''))];
}

async function refusal(rows: readonly TriedRow[], options: Parameters<typeof tryList>[1] = { asOf: AS_OF }) {
  try {
    await tryList(rows, options);
  } catch (error) {
    if (error instanceof LineListFault) return error;
    throw error;
  }
  throw new Error('the list was read');
}

const codesOf = (tried: Awaited<ReturnType<typeof tryList>>) =>
  Object.fromEntries(tried.rejected.map(({ id, code }) => [id, code]));

describe('a list', () => {
  it('gives each person a due date, the snapshot’s features and what people work with', async () => {
    const tried = await tryList(list({ load: '1,234', own: '2026-01-02', manager: 'CM 7' }), { asOf: AS_OF });
    expect(tried.rejected).toEqual([]);
    const [person] = tried.accepted;
    expect(person).toMatchObject({
      id: 'SYN-1',
      facility: 'SYNF0000001',
      due: '2026-09-23',
      line: 2,
      row: 1,
    });
    expect(person!.identifiers).toEqual({
      facility_name: 'Synthetic clinic',
      hospital_number: '0012',
      sex: 'Female',
      case_manager: 'CM 7',
    });
    expect([person!.value('age'), person!.value('viral_load'), person!.value('regimen_line')]).toEqual([
      36, 1234, 1,
    ]);
  });

  it('is found below titles and blank rows, and again where its header is repeated', async () => {
    const [header, row] = list({});
    const tried = await tryList(
      [['RADET June'], ['', ''], header!, row!, header!, row!.with(2, 'SYN-2'), ['', '']],
      {
        asOf: AS_OF,
      },
    );
    expect(tried.accepted.map(({ id, line, row }) => [id, line, row])).toEqual([
      ['SYN-1', 4, 1],
      ['SYN-2', 6, 2],
    ]);
    expect(tried.report.sheets[0]).toMatchObject({ headerLine: 3 });
    expect(tried.report.warnings).toEqual({ repeated_header: 1 });
  });

  it('without a header, without a needed column or with one twice is refused in one sentence', async () => {
    expect(await refusal([['SYN-1', 'Female', '2026-01-01']])).toMatchObject({
      code: 'missing_header',
      line: 1,
    });
    expect((await refusal([['SYN-1', 'Female', '2026-01-01']])).message).not.toContain('SYN-1');
    const [header] = list({});
    expect(await refusal([header!.filter((title) => title !== TITLES.months)])).toMatchObject({
      code: 'missing_columns',
      field: TITLES.months,
      line: 1,
    });
    expect(await refusal([[...header!, 'SEX']])).toMatchObject({ code: 'duplicate_columns', field: 'SEX' });
    expect(await refusal([['Visits'], ['State', 'Sex', 'Remarks']])).toMatchObject({
      code: 'missing_columns',
      field: 'Unique Id',
      line: 2,
    });
    expect(await refusal([])).toMatchObject({ code: 'empty_list' });
  });

  it('keeps facility, id and due date of whoever is refused', async () => {
    const tried = await tryList(list({ status: 'Stopped Treatment' }, { id: 'SYN-2', months: 'few' }), {
      asOf: AS_OF,
    });
    expect(tried.rejected).toMatchObject([
      { id: 'SYN-1', facility: 'SYNF0000001', due: '2026-09-23', code: 'stopped_treatment', line: 2 },
      { id: 'SYN-2', facility: 'SYNF0000001', due: '', code: 'bad_number', field: TITLES.months, line: 3 },
    ]);
  });
});

describe('cells as people dress them', () => {
  it.each([
    ['="0012"', '0012'],
    ["'0012", '0012'],
    [' 0012 ', '0012'],
  ])('the id %s is %s', async (id, shown) => {
    const tried = await tryList(list({ id }), { asOf: AS_OF });
    expect(tried.accepted.map((row) => row.id)).toEqual([shown]);
  });

  it.each([
    ['36 years', 36],
    ['36yrs', 36],
    ['36Y', 36],
    ['8 months', 0],
    ['20 mois', 1],
  ])('an age of “%s” is %i', async (age, years) => {
    const tried = await tryList(list({ birth: '', age }), { asOf: AS_OF });
    expect(tried.accepted[0]?.value('age')).toBe(years);
  });

  it.each(['1800-01-01', '2026-06-28'])('a birth on %s is missing, and costs nobody', async (birth) => {
    const tried = await tryList(list({ birth }), { asOf: AS_OF });
    expect(tried.accepted).toHaveLength(1);
    expect(tried.report.warnings['unreadable_value']).toBe(1);
  });
});

describe('who is not predicted', () => {
  it.each([
    ['Died', 'patient_died'],
    ['Transferred Out', 'transferred_out'],
    ['Stopped Treatment', 'stopped_treatment'],
    ['Invalid - Duplicates', 'duplicate_record'],
    ['Invalid - Biometrics', 'invalid_record'],
  ])('%s: %s', async (status, code) => {
    expect(codesOf(await tryList(list({ status, statusDate: '2026-06-28' }), { asOf: AS_OF }))).toEqual({
      'SYN-1': code,
    });
    expect(codesOf(await tryList(list({ status }), { asOf: AS_OF }))).toEqual({ 'SYN-1': code });
  });

  it.each(['Died', 'Transferred Out', 'Stopped'])(
    '%s before the last pickup is: dispensing outweighs it',
    async (status) => {
      const tried = await tryList(list({ status, statusDate: '2026-05-01' }), { asOf: AS_OF });
      expect(tried.accepted).toHaveLength(1);
      expect(tried.report.warnings['exit_outweighed']).toBe(1);
    },
  );

  it('an interrupted status does not outweigh medicines in hand, and is counted', async () => {
    const tried = await tryList(list({ status: 'IIT' }), { asOf: AS_OF });
    expect(tried.accepted).toHaveLength(1);
    expect(tried.report.warnings['interrupted_with_supply']).toBe(1);
  });

  it('whose last pickup lies after the as-of date is named so', async () => {
    const tried = await tryList(list({ pickup: '2026-07-01' }, { id: 'SYN-2' }), { asOf: AS_OF });
    expect(codesOf(tried)).toEqual({ 'SYN-1': 'pickup_in_future' });
    expect(tried.accepted.map(({ id }) => id)).toEqual(['SYN-2']);
  });
});

describe('dates', () => {
  const day = (n: number) => `${String(n).padStart(2, '0')}/06/2026`;

  it('are read by their column: one day above 12 tells the order of all', async () => {
    const tried = await tryList(
      list(
        { pickup: '05/06/2026' },
        { id: 'SYN-2', pickup: '25/06/2026' },
        { id: 'SYN-3', pickup: '6-Jun-2026' },
      ),
      { asOf: AS_OF },
    );
    expect(tried.accepted.map(({ due }) => due)).toEqual(['2026-09-03', '2026-09-23', '2026-09-04']);
    const american = await tryList(list({ pickup: '06/05/2026' }, { id: 'SYN-2', pickup: '06/25/2026' }), {
      asOf: AS_OF,
    });
    expect(american.accepted.map(({ due }) => due)).toEqual(['2026-09-03', '2026-09-23']);
    expect(american.report.sheets[0]!.dateOrder).toBe('mdy');
  });

  it('of a column that does not tell are read as the others of the list, which is told', async () => {
    const tried = await tryList(list({ pickup: '05/06/2026', birth: '25/12/1990' }), { asOf: AS_OF });
    expect(tried.accepted[0]!.due).toBe('2026-09-03');
    const pickup = tried.report.sheets[0]!.columns.find(({ name }) => name === TITLES.pickup);
    expect(pickup?.detail).toBe("dmy, as the list's other dates");
  });

  it('that nothing decides cost a row its pickup, never a wrong date; the option decides', async () => {
    const rows = list({ pickup: '05/06/2026' }, { id: 'SYN-2' });
    const tried = await tryList(rows, { asOf: AS_OF });
    expect(codesOf(tried)).toEqual({ 'SYN-1': 'ambiguous_date' });
    expect(tried.rejected[0]!.message).toContain('date_order=dmy');
    const dmy = await tryList(rows, { asOf: AS_OF, dateOrder: 'dmy' });
    expect(dmy.accepted.map(({ due }) => due)).toEqual(['2026-09-03', '2026-09-23']);
    const mdy = await tryList(rows, { asOf: AS_OF, dateOrder: 'mdy' });
    expect(mdy.accepted[0]!.due).toBe('2026-08-04');
  });

  it('of columns that differ decide nothing for a third', async () => {
    const rows = list({ pickup: '05/06/2026', birth: '25/12/1990', start: '12/25/2019' });
    expect(codesOf(await tryList(rows, { asOf: AS_OF }))).toEqual({ 'SYN-1': 'ambiguous_date' });
  });

  it('that nobody needs are missing where they are ambiguous or no dates, and counted', async () => {
    const tried = await tryList(list({ birth: '05/06/1990', age: '36', start: 'long ago' }), { asOf: AS_OF });
    expect(tried.accepted[0]!.value('months_on_art')).toBeNaN();
    expect(tried.accepted[0]!.value('age')).toBe(36);
    expect(tried.report.warnings).toMatchObject({ ambiguous_date: 1, unreadable_value: 1 });
  });

  it('that contradict a clear column later cost their own row', async () => {
    const people = Array.from({ length: 5_100 }, (_, i) => ({ id: `SYN-${i}`, pickup: day(1 + (i % 28)) }));
    const tried = await tryList(list(...people, { id: 'ODD', pickup: '06/27/2026' }), { asOf: AS_OF });
    expect(tried.accepted).toHaveLength(people.length);
    expect(tried.rejected).toMatchObject([
      { id: 'ODD', code: 'bad_date', field: TITLES.pickup, line: 5_102 },
    ]);
  });
});

describe('refills', () => {
  it.each([
    [{ months: '3 months' }, '2026-09-23'],
    [{ months: 'MMD 6' }, '2026-12-22'],
    [{ months: '2.8' }, '2026-09-17'],
  ])('%j is due on %s', async (row, due) => {
    expect((await tryList(list(row), { asOf: AS_OF })).accepted[0]?.due).toBe(due);
  });

  it('of a column called months that holds days are days, which is told', async () => {
    const tried = await tryList(list({ months: '90' }, { id: 'SYN-2', months: '180' }), { asOf: AS_OF });
    expect(tried.accepted.map(({ due }) => due)).toEqual(['2026-09-23', '2026-12-22']);
    expect(tried.report.sheets[0]!.columns.find(({ readAs }) => readAs === 'refill')?.detail).toBe('days');
  });

  it('of ninety months are refused among months', async () => {
    const tried = await tryList(list({ months: '90' }, { id: 'SYN-2', months: '3' }), { asOf: AS_OF });
    expect(codesOf(tried)).toEqual({ 'SYN-1': 'out_of_range' });
  });

  it('without a unit anywhere are refused where months and days are mixed', async () => {
    const rows = list({ months: '90' }, { id: 'SYN-2', months: '3' });
    rows[0] = rows[0]!.map((title) => (title === TITLES.months ? 'ARV Refill' : title));
    expect(codesOf(await tryList(rows, { asOf: AS_OF }))).toEqual({
      'SYN-1': 'ambiguous_unit',
      'SYN-2': 'ambiguous_unit',
    });
  });
});

describe('a viral load', () => {
  const ageOf = async (row: Cells) => {
    const tried = await tryList(list(row), { asOf: AS_OF });
    return [tried.accepted[0]!.value('viral_load'), tried.accepted[0]!.value('viral_load_age_days')];
  };

  it('is of the sample that its result belongs to, not of a newer one without result', async () => {
    expect(await ageOf({ load: '55000', sample: '2026-06-20', own: '2026-03-22' })).toEqual([55_000, 100]);
    expect(await ageOf({ load: '55000', sample: '2026-03-22', result: '2026-04-10' })).toEqual([55_000, 100]);
    expect(await ageOf({ load: '55000', sample: '2026-06-20', result: '2026-03-22' })).toEqual([55_000, 100]);
  });

  it('without any date, without result or in unknown words is missing and costs nobody', async () => {
    expect(await ageOf({ load: '55000' })).toEqual([NaN, NaN]);
    expect(await ageOf({ load: 'Pending', sample: '2026-06-20' })).toEqual([NaN, NaN]);
    expect(await ageOf({ load: 'see folder', sample: '2026-06-20' })).toEqual([NaN, NaN]);
  });

  it('has its decimals by its column', async () => {
    const rows = ['20,00', '1.234,5', '500'].map((load, i) => ({ id: `SYN-${i}`, load, own: '2026-03-22' }));
    const tried = await tryList(list(...rows), { asOf: AS_OF });
    expect(tried.accepted.map(({ value }) => value('viral_load'))).toEqual([20, 1234.5, 500]);
  });

  it('whose thousands were written without quotes is one number again; other cells too many are told', async () => {
    const [header, row] = list({ load: '1', own: '2026-03-22' });
    const at = header!.indexOf(TITLES.load);
    const cut = row!.toSpliced(at + 1, 0, '234');
    const tried = await tryList([header!, cut, [...row!.with(2, 'SYN-2'), 'more']], { asOf: AS_OF });
    expect(tried.accepted[0]!.value('viral_load')).toBe(1234);
    expect(codesOf(tried)).toEqual({ 'SYN-2': 'too_many_cells' });
  });
});

describe('several rows of one person', () => {
  const other = { id: 'SYN-2' };

  it('that say the same are one; those that differ are named, the newest pickup counts', async () => {
    const tried = await tryList(
      list(
        {},
        {},
        { ...other, pickup: '2026-03-25' },
        { ...other, pickup: '2026-06-24' },
        { ...other, pickup: '2026-06-24', sex: 'Male' },
      ),
      { asOf: AS_OF },
    );
    expect(tried.accepted.map(({ id, line, due }) => [id, line, due])).toEqual([
      ['SYN-1', 2, '2026-09-23'],
      ['SYN-2', 5, '2026-09-22'],
    ]);
    expect(tried.rejected.map(({ line, code }) => [line, code])).toEqual([
      [4, 'contradicting_rows'],
      [6, 'contradicting_rows'],
    ]);
    expect(tried.rejected[1]!.message).toContain('sex');
    expect([tried.joined, tried.report.warnings]).toEqual([1, { joined_rows: 1, contradicting_rows: 2 }]);
  });

  it('of different facilities are of two persons, by name where there is no id', async () => {
    const rows = list({ name: 'Clinic A' }, { name: 'Clinic B' }).map((row) => row.slice(1));
    const tried = await tryList(rows, { asOf: AS_OF });
    expect(tried.accepted.map(({ id, facility }) => [id, facility])).toEqual([
      ['SYN-1', 'Clinic A'],
      ['SYN-1', 'Clinic B'],
    ]);
  });

  it('in a list that streams: the first that is predicted counts, and the others are named', async () => {
    const people = Array.from({ length: 5_200 }, (_, i) => ({ id: `SYN-${i}` }));
    const tried = await tryList(list(...people, { id: 'SYN-7' }, { id: 'SYN-8', months: '6' }), {
      asOf: AS_OF,
    });
    expect([tried.accepted.length, tried.joined]).toEqual([5_200, 1]);
    expect(tried.rejected).toMatchObject([{ id: 'SYN-8', code: 'contradicting_rows', line: 5_203 }]);
    expect(tried.rejected[0]!.message).toContain('line 10');
  });
});

describe('stacked snapshots', () => {
  const month = (snapshot: string, pickup: string, more: Cells = {}): Cells => ({
    snapshot,
    pickup,
    months: '1',
    ...more,
  });
  const MONTHS = [
    month('2026-03-31', '2026-03-20'),
    month('2026-04-30', '2026-04-26'),
    month('2026-05-30', '2026-05-26'),
    month('2026-06-29', '2026-06-25'),
  ];

  it('show lateness, in any order, as of the latest of them', async () => {
    for (const rows of [MONTHS, MONTHS.toReversed()]) {
      const tried = await tryList(list(...rows), { today: '2026-08-01' });
      expect(isoDate(tried.report.asOf)).toBe('2026-06-29');
      expect(tried.accepted).toHaveLength(1);
      expect(tried.accepted[0]!.value('late_days_mean_3')).toBe(2.33);
      expect(tried.joined).toBe(3);
    }
  });

  it('after the as-of date are not looked at, and those of a day to come do not move it', async () => {
    const tried = await tryList(list(...MONTHS, month('2026-07-30', '2026-07-28')), { asOf: '2026-06-29' });
    expect(tried.accepted[0]).toMatchObject({ due: '2026-07-25', line: 5 });
    const typo = await tryList(list(...MONTHS, month('2062-06-29', '2026-06-25')), { today: '2026-06-30' });
    expect(isoDate(typo.report.asOf)).toBe('2026-06-29');
    const none = await tryList(list(month('2026-07-30', '2026-07-28')), { asOf: '2026-06-29' });
    expect(codesOf(none)).toEqual({ 'SYN-1': 'future_date' });
  });

  it('after death or transfer with a later pickup, or a later status, are of someone in care', async () => {
    const died = month('2026-04-30', '2026-03-20', { status: 'Died', statusDate: '2026-04-10' });
    const back = await tryList(list(died, MONTHS[3]!), { asOf: '2026-06-29' });
    expect([back.accepted.length, back.report.warnings['exit_outweighed']]).toEqual([1, 1]);
    const corrected = await tryList(
      list({ ...died, months: '3' }, month('2026-05-30', '2026-03-20', { months: '3' })),
      {
        asOf: '2026-06-10',
      },
    );
    expect(corrected.accepted).toHaveLength(1);
    const gone = await tryList(
      list(MONTHS[2]!, month('2026-06-29', '2026-05-26', { status: 'Died', statusDate: '2026-06-10' })),
      {
        asOf: '2026-06-29',
      },
    );
    expect(codesOf(gone)).toEqual({ 'SYN-1': 'patient_died' });
  });

  it('ends by a date of death or of transfer out, whatever the status was left at, unless medicines were given after', async () => {
    const codes = async (cells: Cells) => codesOf(await tryList(list(cells), { asOf: AS_OF }));
    expect(await codes({ deceased: '2026-06-28' })).toEqual({ 'SYN-1': 'patient_died' });
    expect(await codes({ movedOut: '2026-06-28', status: 'IIT' })).toEqual({
      'SYN-1': 'transferred_out',
    });
    expect(await codes({ deceased: '2026-06-01' })).toEqual({});
    expect(await codes({ deceased: '', movedOut: 'N/A' })).toEqual({});
  });

  it('a faulty row costs itself, and the person too where it is the newest', async () => {
    const old = await tryList(list({ ...MONTHS[2], pickup: 'soon' }, MONTHS[3]!), { asOf: '2026-06-29' });
    expect([old.accepted.length, old.rejected.length]).toEqual([1, 1]);
    const newest = await tryList(list(MONTHS[2]!, { ...MONTHS[3], pickup: 'soon' }), { asOf: '2026-06-29' });
    expect(newest).toMatchObject({ accepted: [], rejected: [{ code: 'bad_date', line: 3 }], joined: 1 });
  });

  it('rows without their date keep their line and are refused by name', async () => {
    const tried = await tryList(list(MONTHS[3]!, { ...MONTHS[3], id: 'SYN-2', snapshot: '' }), {
      asOf: '2026-06-29',
    });
    expect(tried.rejected).toMatchObject([
      { id: 'SYN-2', line: 3, code: 'missing_field', field: TITLES.snapshot },
    ]);
  });

  it('of more patients than memory holds give what a few at a time give', async () => {
    const people = Array.from({ length: 12_000 }, (_, i) => `SYN-${i}`);
    const rows = MONTHS.slice(2).flatMap((row) => people.map((id) => ({ ...row, id })));
    const tried = await tryList(list(...rows), { asOf: '2026-06-29' });
    expect([tried.accepted.length, tried.joined, tried.rejected.length]).toEqual([12_000, 12_000, 0]);
    expect(new Set(tried.accepted.map(({ row }) => row)).size).toBe(12_000);
    expect(tried.accepted.every(({ row, line }) => line === row + 1 && row > 12_000)).toBe(true);
  }, 30_000);
});

describe('an old list', () => {
  const people = (newest: string, count: number, days: number) =>
    Array.from({ length: count }, (_, i) => ({
      id: `SYN-${i}`,
      pickup: isoDate(parseIsoDay(newest) - (i % days)),
    }));

  it('whose pickups end more than a week before the as-of date is refused without allow_stale, and warned with it', async () => {
    const rows = list(...people('2026-06-10', 300, 60));
    const refused = await refusal(rows);
    expect(refused.code).toBe('stale_list');
    expect(refused.message).toContain('20 days');
    const tried = await tryList(rows, { asOf: AS_OF, allowStale: true });
    expect([tried.accepted.length, tried.report.warnings['stale_list']]).toEqual([300, 1]);
    expect((await tryList(rows, { asOf: '2026-06-17' })).report.warnings['stale_list']).toBeUndefined();
  });

  it('is not made fresh by a stray entry, and is refused though it streams', async () => {
    const rows = list(...people('2026-06-10', 6_000, 60), { id: 'STRAY', pickup: '2026-06-29' });
    expect((await refusal(rows)).code).toBe('stale_list');
  });

  it('of one day’s pickups, or of a few people, shows no rhythm: warned, not refused', async () => {
    for (const rows of [list(...people('2026-05-20', 1_000, 1)), list({ pickup: '2026-05-20' })]) {
      const tried = await tryList(rows, { asOf: AS_OF });
      expect(tried.accepted.length).toBe(rows.length - 1);
      expect(tried.report.warnings['stale_list']).toBe(1);
    }
  });
});

describe('a workbook', () => {
  const sheet = (
    name: string,
    rows: readonly (readonly string[])[],
    flags?: [number, 'rounded_id' | 'formula_without_value'][],
  ) => rows.map((cells, at) => ({ cells, sheet: name, ...(flags && at > 0 ? { flags } : {}) }));

  it('is read in all its sheets with a header, each in its own order; the others are named', async () => {
    const second = list({ id: 'SYN-2', facility: 'SYNF0000002' }).map((row) => row.toReversed());
    const tried = await tryList(
      [...sheet('Cover', [['RADET'], ['June']]), ...sheet('A', list({})), ...sheet('B', second)],
      { asOf: AS_OF },
    );
    expect(tried.accepted.map(({ id }) => id)).toEqual(['SYN-1', 'SYN-2']);
    expect(tried.report.warnings).toEqual({ unread_sheet: 1 });
    expect(tried.report.notes[0]).toContain('Cover');
  });

  it('is read in one sheet alone where that is asked for', async () => {
    const rows = [...sheet('A', list({})), ...sheet('B', list({ id: 'SYN-2' }))];
    const tried = await tryList(rows, { asOf: AS_OF, sheet: 'B' });
    expect(tried.accepted.map(({ id }) => id)).toEqual(['SYN-2']);
    expect(await refusal(rows, { asOf: AS_OF, sheet: 'C' })).toMatchObject({ code: 'missing_header' });
  });

  it('with an id that was rounded, or a formula without value, loses that row by name', async () => {
    const at = list({})[0]!.indexOf(TITLES.id);
    const pickup = list({})[0]!.indexOf(TITLES.pickup);
    const rounded = await tryList(sheet('A', list({}), [[at, 'rounded_id']]), { asOf: AS_OF });
    expect(rounded.rejected).toMatchObject([{ id: 'SYN-1', code: 'rounded_id', sheet: 'A', line: 2 }]);
    const csv = await tryList(list({ id: '1.23457E+17' }), { asOf: AS_OF });
    expect(csv.rejected).toMatchObject([{ id: '1.23457E+17', code: 'rounded_id' }]);
    const control = await tryList(list({ id: 'SYN\u00071' }), { asOf: AS_OF });
    expect(control.rejected).toMatchObject([{ id: 'SYN 1', code: 'bad_value' }]);
    const formula = await tryList(sheet('A', list({ pickup: '' }), [[pickup, 'formula_without_value']]), {
      asOf: AS_OF,
    });
    expect(formula.rejected).toMatchObject([
      { id: 'SYN-1', code: 'formula_without_value', field: TITLES.pickup },
    ]);
  });
});

describe('any list', () => {
  const cell = fc.oneof(
    fc.constantFrom('', 'N/A', '2026-06-20', '05/06/2026', '3', 'Active', 'Died', 'x'),
    fc.string({ maxLength: 12 }),
  );
  const row = fc.record(
    Object.fromEntries(KEYS.map((key) => [key, cell])) as Record<Key, fc.Arbitrary<string>>,
    { requiredKeys: [] },
  );

  it('accounts for every row: predicted, refused or joined', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async (rows) => {
        const cells = list(...rows);
        const tried = await tryList(cells, { asOf: AS_OF, allowStale: true });
        expect(tried.accepted.length + tried.rejected.length + tried.joined).toBe(rows.length);
      }),
    );
  });

  it('says the same in any order of its columns', async () => {
    const person = fc.record({
      id: fc.integer({ min: 1, max: 9 }).map((n) => `SYN-${n}`),
      pickup: fc.integer({ min: 1, max: 28 }).map((n) => `2026-06-${String(n).padStart(2, '0')}`),
      months: fc.constantFrom('1', '3', '6', '3 months'),
      status: fc.constantFrom('Active', 'IIT', 'Died', ''),
      load: fc.constantFrom('20', 'LDL', 'Pending', '1234'),
      own: fc.constantFrom('2026-01-01', ''),
    });
    const summary = ({ accepted, rejected, joined }: Awaited<ReturnType<typeof tryList>>) => ({
      accepted: accepted.map(({ value, ...rest }) => ({ ...rest, load: value('viral_load') })),
      rejected,
      joined,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(person, { minLength: 1, maxLength: 10 }),
        fc.infiniteStream(fc.nat()),
        async (people, order) => {
          const rows = list(...people);
          const places = rows[0]!
            .map((_, at) => ({ at, by: order.next().value as number }))
            .sort((a, b) => a.by - b.by);
          const shuffled = rows.map((cells) => places.map(({ at }) => cells[at]!));
          expect(summary(await tryList(shuffled, { asOf: AS_OF }))).toEqual(
            summary(await tryList(rows, { asOf: AS_OF })),
          );
        },
      ),
    );
  });
});

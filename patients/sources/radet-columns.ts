import { FieldFault } from './patient-input.ts';

/**
 * The columns of a RADET line list that are read, each with the spellings that LAMIS+ and its exports have
 * used. Headers are compared by their letters and digits alone, without what stands in brackets.
 */
const SPELLINGS = {
  datimId: ['datimid', 'datimcode', 'facilitydatimid', 'facilityid'],
  uniqueId: ['uniqueid', 'arvuniqueid', 'uniqueartid', 'artuniqueid'],
  patientId: ['patientid', 'patientidentifier', 'patientuuid'],
  hospitalNumber: ['hospitalnumber', 'hospitalnum', 'hospitalno'],
  sex: ['sex', 'gender'],
  birth: ['dateofbirth', 'dob', 'birthdate'],
  age: ['age', 'currentage'],
  artStart: ['artstartdate', 'dateofartstart', 'artstart'],
  lastPickup: ['lastpickupdate', 'dateoflastpickup', 'lastdrugpickupdate', 'lastrefilldate', 'lastpickup'],
  months: ['monthsofarvrefill', 'monthsofarvsrefill', 'monthsofrefill', 'arvrefillmonths', 'monthsrefill'],
  regimenLine: ['currentregimenline', 'regimenline'],
  regimen: ['currentartregimen', 'currentregimen', 'currentarvregimen'],
  whoStage: ['clinicalstagingatlastvisit', 'clinicalstaging', 'whostage', 'currentclinicalstage'],
  viralLoadSample: [
    'dateofviralloadsamplecollection',
    'viralloadsamplecollectiondate',
    'dateofvlsamplecollection',
  ],
  viralLoadResult: [
    'dateofcurrentviralloadresultsample',
    'dateofcurrentviralload',
    'dateofcurrentviralloadresult',
    'viralloadresultdate',
    'currentviralloaddate',
  ],
  viralLoad: ['currentviralload', 'viralload', 'currentviralloadresult', 'lastviralload'],
  status: ['currentartstatus', 'artstatus', 'currentstatus'],
  statusDate: ['dateofcurrentartstatus', 'currentartstatusdate', 'dateofcurrentstatus'],
  dsd: ['dsdmodel', 'currentdsdmodel', 'typeofdsdmodel', 'dsdmodeltype', 'currentdsdtype'],
  snapshot: ['snapshotdate', 'reportingdate', 'reportdate', 'asofdate'],
} as const satisfies Record<string, readonly string[]>;

export type RadetColumn = keyof typeof SPELLINGS;

/** Place of each column in a row, -1 where the list does not have it. */
export type RadetLayout = Readonly<Record<RadetColumn, number>>;

const BY_SPELLING = new Map<string, RadetColumn>(
  Object.entries(SPELLINGS).flatMap(([column, spellings]) =>
    spellings.map((spelling) => [spelling, column as RadetColumn] as const),
  ),
);

/** Without them nobody can be told apart, or has a due date. */
const NEEDED: readonly (readonly [string, ...RadetColumn[]])[] = [
  ['Unique Id', 'uniqueId', 'patientId', 'hospitalNumber'],
  ['Last Pickup Date', 'lastPickup'],
  ['Months of ARV Refill', 'months'],
];

/**
 * Finds the columns in a header row. Throws `FieldFault` for a column that is there twice or a needed one that
 * is not there; columns that nothing is read from are passed over.
 */
export function radetLayout(header: readonly string[]): RadetLayout {
  const layout = Object.fromEntries(Object.keys(SPELLINGS).map((column) => [column, -1])) as Record<
    RadetColumn,
    number
  >;
  for (const [i, title] of header.entries()) {
    const column = BY_SPELLING.get(folded(title));
    if (column === undefined) continue;
    if (layout[column] >= 0)
      throw new FieldFault(title, 'bad_value', `is there twice, as ${header[layout[column]]} too`);
    layout[column] = i;
  }
  for (const [title, ...columns] of NEEDED)
    if (columns.every((column) => layout[column] < 0))
      throw new FieldFault(title, 'missing_field', 'the line list has no such column');
  return layout;
}

/** Number of a row's cells that are titles of a line list: none unless three are. */
export function lineListNames(cells: readonly string[]): number {
  const known = cells.filter((cell) => BY_SPELLING.has(folded(cell))).length;
  return known < 3 ? 0 : known;
}

/** Whether a header looks like that of a RADET line list. */
export function isRadetHeader(header: readonly string[]): boolean {
  try {
    radetLayout(header);
    return true;
  } catch (error) {
    if (error instanceof FieldFault) return false;
    throw error;
  }
}

/** Titles are cut before they are compared. */
const LONGEST_TITLE = 200;

function folded(title: string): string {
  const text = title.slice(0, LONGEST_TITLE).toLowerCase();
  let plain = '';
  let depth = 0;
  for (const letter of text) {
    if (letter === '(') depth++;
    else if (letter === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0 && /[a-z0-9]/u.test(letter)) plain += letter;
  }
  return plain;
}

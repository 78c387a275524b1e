import { FieldFault } from '../patient-input.ts';
import { titleKey } from './title.ts';

/**
 * The columns of a line list that are read, each with the spellings that LAMIS, LAMIS+ (RADET), the NMRS ART line list
 * and the NDR treatment line list use, as `titleKey` gives them. Of two columns with one meaning the earlier spelling
 * counts.
 */
const SPELLINGS = {
  datimId: [
    'datimid',
    'datimcode',
    'facilitydatimid',
    'facilitydatimcode',
    'datimfacilityid',
    'facilityid',
    'datimuid',
    'orgunit',
    'orgunitid',
    'orgunituid',
    'organisationunit',
    'organizationunit',
    'facilityuid',
    'facilitycode',
    'sitecode',
    'mflcode',
    'nomcode',
    'codigodaus',
  ],
  facilityName: [
    'facilityname',
    'facility',
    'nameoffacility',
    'healthfacility',
    'sitename',
    'clinic',
    'clinicname',
    'healthcentre',
    'unidadesanitaria',
    'etablissement',
    'nometablissement',
  ],
  state: ['state', 'statename', 'facilitystate', 'province', 'region', 'estado', 'provincia', 'departement'],
  lga: ['lga', 'lganame', 'facilitylga', 'localgovernmentarea', 'district', 'county', 'distrito', 'commune'],
  uniqueId: [
    'uniqueid',
    'patientuniqueid',
    'arvuniqueid',
    'uniqueartid',
    'artuniqueid',
    'uniqueidno',
    'pepid',
    'artnumber',
    'artno',
    'artnum',
    'patientuniqueidartno',
    'uniquepatientidentifier',
    'uniquepatientnumber',
    'upn',
    'cccno',
    'cccnumber',
    'uniqueartnumber',
    'hivclinicno',
    'hivclinicnumber',
    'enrollmentno',
    'enrollmentnumber',
    'enrolmentno',
    'enrolmentnumber',
    'pepfarid',
    'nid',
    'codest',
    'codepatient',
  ],
  patientId: [
    'patientid',
    'patientidentifier',
    'ndrpatientidentifier',
    'patientuuid',
    'clientid',
    'clientcode',
    'patientcode',
    'patientno',
    'patientnumber',
    'clientno',
    'personuuid',
    'caseid',
    'trackedentityinstance',
    'trackedentity',
    'patientuid',
    'idpatient',
    'iddopaciente',
  ],
  hospitalNumber: [
    'hospitalnumber',
    'patienthospitalno',
    'hospitalnum',
    'hospitalno',
    'patienthospitalnumber',
    'hospitalid',
    'foldernumber',
    'folderno',
    'cardnumber',
    'cardno',
    'filenumber',
    'fileno',
    'medicalrecordnumber',
    'mrn',
  ],
  sex: ['sex', 'gender', 'sexe', 'sexo', 'genero'],
  birth: [
    'dateofbirth',
    'datebirth',
    'dob',
    'birthdate',
    'datenaissance',
    'datedenaissance',
    'datadenascimento',
    'datanascimento',
  ],
  age: ['age', 'currentage', 'currentageyears', 'ageyears', 'ageinyears', 'idade', 'agepatient'],
  artStart: [
    'artstartdate',
    'dateofartstart',
    'artstart',
    'dateofartinitiation',
    'artinitiationdate',
    'artstartingdate',
    'artcommencementdate',
    'dateofartcommencement',
    'datedebutarv',
    'datededebutarv',
    'datedebuttarv',
    'datainiciotarv',
    'datadeiniciotarv',
    'datadeiniciodetarv',
    'arvstartdate',
    'dateartstarted',
  ],
  lastPickup: [
    'lastpickupdate',
    'dateoflastpickup',
    'lastdrugpickupdate',
    'lastarvpickupdate',
    'pharmacylastpickupdate',
    'lastdatepickup',
    'lastrefilldate',
    'lastpickup',
    'lastdrugpickup',
    'dateoflastdrugpickup',
    'dateoflastarvpickup',
    'dateoflastrefill',
    'dateoflastarvrefill',
    'lastarvrefilldate',
    'lastdispensedate',
    'lastdispensingdate',
    'lastdispensationdate',
    'dateoflastdispensing',
    'dateoflastdispense',
    'lastpharmacydispensationdate',
    'lastpharmacypickupdate',
    'lastpharmacyvisitdate',
    'arvpickupdate',
    'drugpickupdate',
    'pickupdate',
    'lastartdate',
    'lastartpickupdate',
    'lastartrxdate',
    'dateofcurrentpickup',
    'currentpickupdate',
    'datederniereredispensation',
    'datedernieredispensation',
    'datededernieredispensation',
    'datadoultimolevantamento',
    'dataultimolevantamento',
    'lastvisitdate',
    'dateoflastvisit',
    'lastencounterdate',
    'lastclinicvisitdate',
  ],
  refillMonths: [
    'monthsofarvrefill',
    'monthsofarvsrefill',
    'monthsofrefill',
    'arvrefillmonths',
    'monthsrefill',
    'refillmonths',
    'monthsofarvdispensed',
    'monthsdispensed',
    'mmd',
    'noofmonthsofarvrefill',
    'numberofmonthsofarvrefill',
    'numberofmonthsofrefill',
    'noofmonthsdispensed',
    'numberofmonthsdispensed',
    'monthsofarvsdispensed',
    'monthsofarvrefil',
    'monthofarvrefill',
    'monthsofsupply',
    'monthssupply',
    'monthssupplied',
    'nombredemois',
    'numerodemeses',
  ],
  refillDays: [
    'daysofarvrefill',
    'daysofarvsrefill',
    'daysofrefill',
    'arvrefilldays',
    'daysrefill',
    'refilldays',
    'refillperioddays',
    'daysofarvdispensed',
    'daysdispensed',
    'dayssupplied',
    'durationofrefilldays',
    'daysofarvrefil',
    'noofdaysofrefill',
    'numberofdaysofrefill',
    'noofdaysofarvrefill',
    'numberofdaysofarvrefill',
    'noofdaysdispensed',
    'numberofdaysdispensed',
    'dayssupply',
    'daysofsupply',
    'arvdays',
    'daysofarvs',
    'daysofarvsupply',
    'daysofdrugsupply',
    'daysofarvsdispensed',
    'daysprescribed',
    'nombredejours',
    'numerodedias',
  ],
  refill: [
    'arvrefill',
    'refill',
    'arvrefil',
    'refillduration',
    'durationofrefill',
    'refillperiod',
    'durationofarvrefill',
    'drugduration',
    'durationofdrugs',
    'durationofmedication',
    'medicationduration',
    'arvduration',
    'arvdrugduration',
    'qty',
    'lastartrxduration',
    'supplyduration',
    'durationofsupply',
    'refillquantity',
  ],
  nextAppointment: [
    'pharmacynextappointment',
    'pharmacynextappointmentdate',
    'nextpickupdate',
    'nextdrugpickupdate',
    'nextarvpickupdate',
    'nextrefilldate',
    'dateofnextrefill',
    'nextarvrefilldate',
    'nextappointmentdate',
    'nextappointment',
    'dateofnextappointment',
    'appointmentdate',
    'nextvisitdate',
    'dateofnextvisit',
    'returnvisitdate',
    'nextreturndate',
    'expectedreturndate',
    'nextduedate',
    'duedate',
    'tca',
    'tcadate',
    'daterdvprochain',
    'dateprochainrdv',
    'dateprochainrendezvous',
    'datadoproximolevantamento',
    'dataproximolevantamento',
  ],
  regimenLine: [
    'currentregimenline',
    'regimenline',
    'currentregline',
    'artregimenline',
    'lineoftreatment',
    'linhaterapeutica',
    'lignetherapeutique',
  ],
  regimen: [
    'currentartregimen',
    'currentregimen',
    'currentarvregimen',
    'lastregimen',
    'regimen',
    'artregimen',
    'arvregimen',
    'regime',
    'currentarvs',
    'lastarvregimen',
    'regimenarv',
    'esquemaart',
  ],
  whoStage: [
    'clinicalstagingatlastvisit',
    'clinicalstaging',
    'whostage',
    'currentclinicalstage',
    'currentwhostage',
    'whostaging',
  ],
  /** Of the newest sample, which may have no result yet. */
  viralLoadSample: [
    'dateofviralloadsamplecollection',
    'viralloadsamplecollectiondate',
    'dateofvlsamplecollection',
    'lastdateofsamplecollection',
    'dateofcurrentsamplecollection',
    'samplecollectiondate',
  ],
  /** Of the sample that the result belongs to. */
  viralLoadResultSample: [
    'dateofcurrentviralloadresultsample',
    'dateofcurrentviralloadsample',
    'currentviralloadsampledate',
  ],
  /** Of the result. */
  viralLoadResult: [
    'dateofcurrentviralload',
    'dateofcurrentviralloadresult',
    'viralloadresultdate',
    'currentviralloaddate',
    'viralloadreporteddate',
    'dateresultreceivedfacility',
    'lastviralloaddate',
    'resultdate',
    'viralloadencounterdate',
    'vldate',
    'lastvldate',
    'dateoflastvl',
    'dateoflastviralload',
    'vlresultdate',
    'dateofvlresult',
    'datadacargaviral',
  ],
  viralLoad: [
    'currentviralload',
    'viralload',
    'currentviralloadresult',
    'lastviralload',
    'lastviralloadresult',
    'viralloadresult',
    'vlresult',
    'lastvlresult',
    'lastvl',
    'currentvl',
    'vl',
    'cargaviral',
    'chargevirale',
    'vlresults',
  ],
  status: [
    'currentartstatus',
    'artstatus',
    'currentstatus',
    'currentartstatuspharmacy',
    'currentstatus28days',
    'status',
    'patientstatus',
    'artoutcome',
    'currentstatusofpatient',
    'treatmentstatus',
    'statut',
    'estadodetarv',
  ],
  statusDate: ['dateofcurrentartstatus', 'currentartstatusdate', 'dateofcurrentstatus'],
  outcome: ['patientoutcome', 'outcomes', 'outcome', 'finaloutcome'],
  outcomeDate: ['patientoutcomedate', 'outcomesdate', 'outcomedate'],
  deathDate: ['patientdeceaseddate', 'deceaseddate', 'dateofdeath', 'deathdate', 'datedeceased'],
  transferOutDate: [
    'transferredoutdate',
    'patienttransferredoutdate',
    'transferoutdate',
    'dateoftransferout',
    'datetransferredout',
    'dateoftransferredout',
  ],
  dsd: [
    'currentdsdmodel',
    'dsdmodel',
    'typeofdsdmodel',
    'dsdmodeltype',
    'currentdsdtype',
    'modeldevolvedto',
    'dsdtype',
    'caremodel',
  ],
  caseManager: ['casemanager', 'casemanagername', 'nameofcasemanager'],
  snapshot: ['snapshotdate', 'reportingdate', 'reportdate', 'asofdate', 'dateofreport'],
} as const satisfies Record<string, readonly string[]>;

export type Column = keyof typeof SPELLINGS;
export const COLUMNS = Object.keys(SPELLINGS) as Column[];

export const DATE_COLUMNS = [
  'lastPickup',
  'snapshot',
  'birth',
  'artStart',
  'viralLoadSample',
  'viralLoadResultSample',
  'viralLoadResult',
  'statusDate',
  'outcomeDate',
  'deathDate',
  'transferOutDate',
  'nextAppointment',
] as const satisfies readonly Column[];
export type DateColumn = (typeof DATE_COLUMNS)[number];

/** Place of each column in a row, -1 where the list does not have it. */
export type Layout = Readonly<Record<Column, number>>;

const BY_SPELLING = new Map<string, { column: Column; rank: number }>(
  COLUMNS.flatMap((column) =>
    SPELLINGS[column].map((spelling, rank) => [spelling, { column, rank }] as const),
  ),
);

const IDENTIFIERS = ['uniqueId', 'patientId', 'hospitalNumber'] as const satisfies readonly Column[];
const SUPPLIES = [
  'refillMonths',
  'refillDays',
  'refill',
  'nextAppointment',
] as const satisfies readonly Column[];

/** Without them nobody can be told apart, or has a due date. */
const NEEDED: readonly (readonly [string, readonly Column[]])[] = [
  ['Unique Id', IDENTIFIERS],
  ['Last Pickup Date', ['lastPickup']],
  ['Months of ARV Refill', SUPPLIES],
];

/** Columns that a line list has and a table of features has not: two of them, one of supply, make a list one. */
const TELLING: readonly Column[] = [
  'lastPickup',
  'refillMonths',
  'refillDays',
  'artStart',
  'status',
  'regimen',
  'regimenLine',
  'birth',
  'viralLoadSample',
  'viralLoadResult',
  'viralLoadResultSample',
  'snapshot',
];
/** More columns than any list has: no header is looked at beyond them. */
const MOST_COLUMNS = 2_000;

/**
 * Whether a row is the header of a line list: RADET of LAMIS and LAMIS+, the NMRS ART line list, the NDR treatment line
 * list. True for one that lacks a needed column too, so that its absence can be told by name.
 */
export function looksLikeLineList(cells: readonly string[]): boolean {
  if (cells.length < 3) return false;
  const found = columnsIn(cells);
  const has = (column: Column) => found.has(column);
  const telling = TELLING.filter(has).length;
  const isFed = has('lastPickup') || SUPPLIES.some(has);
  return isFed && telling >= (IDENTIFIERS.some(has) ? 2 : 4);
}

/** Number of a row's cells that are titles of a line list: none unless three are. */
export function lineListNames(cells: readonly string[]): number {
  const known = titleCount(cells);
  return known < 3 ? 0 : known;
}

/** Number of the columns of a line list that a row names. */
export function titleCount(cells: readonly string[]): number {
  return columnsIn(cells).size;
}

function columnsIn(cells: readonly string[]): Set<Column> {
  const found = new Set<Column>();
  for (const cell of cells.slice(0, MOST_COLUMNS)) {
    const column = BY_SPELLING.get(titleKey(cell))?.column;
    if (column !== undefined) found.add(column);
  }
  return found;
}

/** What was made of a header. */
export type Header = {
  readonly layout: Layout;
  /** Places that nothing is read from and that have a title. */
  readonly ignored: readonly number[];
};

/**
 * Finds the columns in a header row. Throws `FieldFault` `missing_field` for a needed column that is not there and
 * `bad_value` for a title that is there twice; columns that nothing is read from are `ignored`.
 */
export function readHeader(titles: readonly string[]): Header {
  const layout = Object.fromEntries(COLUMNS.map((column) => [column, -1])) as Record<Column, number>;
  const ranks = new Map<Column, number>();
  const keys = titles.slice(0, MOST_COLUMNS).map(titleKey);
  for (const [at, key] of keys.entries()) {
    const known = BY_SPELLING.get(key);
    if (known === undefined) continue;
    if (keys.indexOf(key) < at)
      throw new FieldFault(
        titles[at]!.slice(0, 100),
        'bad_value',
        `stands twice in the header, in columns ${keys.indexOf(key) + 1} and ${at + 1}`,
      );
    if (known.rank >= (ranks.get(known.column) ?? Number.POSITIVE_INFINITY)) continue;
    ranks.set(known.column, known.rank);
    layout[known.column] = at;
  }
  for (const [title, columns] of NEEDED)
    if (columns.every((column) => layout[column] < 0))
      throw new FieldFault(title, 'missing_field', 'the line list has no such column');
  const read = new Set(Object.values(layout));
  const ignored = titles.flatMap((title, at) => (title.trim() === '' || read.has(at) ? [] : [at]));
  return { layout, ignored };
}

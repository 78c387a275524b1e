import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import { featureByName, featureIndex } from '#patients/features/features.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { History } from '#patients/features/history.ts';
import { standing, type Standing } from '#patients/features/outcome.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import type { Cohort } from './cohort.ts';
import { REGIMENS } from './effects.ts';
import type { RowWriter } from './row-writer.ts';

const DAYS_BETWEEN_SNAPSHOTS = 30;

const COLUMNS = [
  'S/No.', 'State', 'L.G.A', 'Facility Name', 'DatimId', 'Patient ID', 'Hospital Number', 'Unique Id', 'Sex',
  'Target group', 'Current Weight (kg)', 'Pregnancy Status', 'Date of Birth (yyyy-mm-dd)', 'Age',
  'Care Entry Point', 'Date of Registration', 'Enrollment Date (yyyy-mm-dd)', 'ART Start Date (yyyy-mm-dd)',
  'Last Pickup Date (yyyy-mm-dd)', 'Months of ARV Refill', 'Regimen Line at ART Start',
  'Regimen at ART Start', 'Date of Start of Current ART Regimen', 'Current Regimen Line',
  'Current ART Regimen', 'Clinical Staging at Last Visit', 'Date of Last CD4 Count', 'Last CD4 Count',
  'Date of Viral Load Sample Collection (yyyy-mm-dd)', 'Date of Current ViralLoad Result Sample (yyyy-mm-dd)',
  'Current Viral Load (c/ml)', 'Date of Current Viral Load (yyyy-mm-dd)', 'Viral Load Indication', 'Viral Load Eligibility Status',
  'Current ART Status', 'Date of Current ART Status', 'Previous ART Status',
  'Confirmed Date of Previous ART Status', 'TB Status', 'DSD Model', 'Case Manager', 'Snapshot Date',
] as const; // prettier-ignore

type Column = (typeof COLUMNS)[number];

const STATUS: Readonly<Record<Standing, string>> = {
  in_care: 'Active',
  interrupted: 'IIT',
  no_pickup: '',
  no_due_date: 'Active',
  died: 'Died',
  transferred_out: 'ART Transfer Out',
  stopped: 'Stopped Treatment',
  lost: 'IIT',
};

const LINES = ['', 'First Line', 'Second Line', 'Third Line'];
const REGIMEN_NAMES = new Map<number, string>(REGIMENS.map((r) => [regimenCode(r.name), r.name]));
const DSD = featureByName('dsd_model')?.categories ?? [];
const AGE = featureIndex('age');

export function radetCsvHeader(): string {
  return `${COLUMNS.map(quoted).join(',')}\n`;
}

/**
 * Writes a patient's rows, one for each monthly snapshot in which the patient had picked up, oldest first. All
 * snapshots are as they were printed on their day: what was typed in later is not in them.
 */
export class RadetWriter {
  readonly #snapshots: number;
  readonly #extractor = new Extractor();
  readonly #features = new Float64Array(FEATURES.length);
  #serial = 0;

  constructor(snapshots: number) {
    this.#snapshots = snapshots;
  }

  write(cohort: Cohort, out: RowWriter): void {
    for (let k = this.#snapshots - 1; k >= 0; k--) {
      const day = cohort.options.asOf - k * DAYS_BETWEEN_SNAPSHOTS;
      this.#extractor.extract(cohort.record, day, this.#features);
      const { history } = this.#extractor;
      if (history.pickupCount === 0) continue;
      out.text(this.#row(cohort, history, day));
    }
  }

  #row(cohort: Cohort, history: History, day: EpochDay): string {
    const { record, person } = cohort;
    const { facility } = person;
    const last = history.pickupCount - 1;
    const supply = history.pickupSupply[last]!;
    const line = history.pickupLine[last]!;
    const viralLoad = history.latest('viralLoad');
    const loads = record.observations.viralLoad;
    const stage = history.latestValue('whoStage');
    const pregnancy = history.latestValue('pregnancy');
    const age = this.#features[AGE]!;
    const status = standing(history);
    const dsd = history.latestValue('dsdModel');
    const cells: Partial<Record<Column, string>> = {
      'S/No.': String(++this.#serial),
      State: facility.state,
      'L.G.A': facility.lga,
      'Facility Name': facility.name,
      DatimId: facility.id,
      'Patient ID': record.patientId,
      'Hospital Number': `SYN${person.index}`,
      'Unique Id': record.patientId,
      Sex: record.sex === 1 ? 'Male' : 'Female',
      'Pregnancy Status': pregnancy === 1 ? 'Pregnant' : pregnancy === 2 ? 'Breastfeeding' : '',
      'Date of Birth (yyyy-mm-dd)': isoDate(record.birthDay),
      Age: Number.isNaN(age) ? '' : String(age),
      'ART Start Date (yyyy-mm-dd)': isoDate(history.artStartDay()),
      'Last Pickup Date (yyyy-mm-dd)': isoDate(history.pickupDay[last]!),
      'Months of ARV Refill': Number.isNaN(supply) ? '' : String(supply / 30),
      'Regimen at ART Start': REGIMENS[person.regimenAtStart]!.name,
      'Regimen Line at ART Start': LINES[REGIMENS[person.regimenAtStart]!.line]!,
      'Current Regimen Line': Number.isNaN(line) ? '' : LINES[line]!,
      'Current ART Regimen': REGIMEN_NAMES.get(history.pickupRegimen[last]!) ?? '',
      'Clinical Staging at Last Visit': Number.isNaN(stage)
        ? ''
        : `Stage ${['', 'I', 'II', 'III', 'IV'][stage]}`,
      'Date of Viral Load Sample Collection (yyyy-mm-dd)':
        viralLoad < 0 ? '' : isoDate(loads.day[viralLoad]!),
      'Date of Current ViralLoad Result Sample (yyyy-mm-dd)':
        viralLoad < 0 ? '' : isoDate(loads.day[viralLoad]!),
      'Date of Current Viral Load (yyyy-mm-dd)': viralLoad < 0 ? '' : isoDate(loads.known[viralLoad]!),
      'Current Viral Load (c/ml)': viralLoad < 0 ? '' : String(loads.value[viralLoad]!),
      'Current ART Status': STATUS[status],
      'Date of Current ART Status': isoDate(statusDay(history, status)),
      'DSD Model': DSD.find((c) => c.code === dsd)?.label ?? '',
      'Case Manager': `SYN case manager ${1 + (person.index % 7)}`,
      'Snapshot Date': isoDate(day),
    };
    return `${COLUMNS.map((column) => quoted(cells[column] ?? '')).join(',')}\n`;
  }
}

function statusDay(history: History, status: Standing): EpochDay {
  if (status === 'died') return history.latestDay('death');
  if (status === 'transferred_out') return history.latestDay('transferOut');
  return history.pickupDay[history.pickupCount - 1]!;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

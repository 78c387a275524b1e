import { describe, expect, it } from 'vitest';
import { civilDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURES, featureIndex } from '#patients/features/features.ts';
import { GRACE_DAYS } from '#patients/features/history.ts';
import { isOpen, openFrom, openUntil } from './calendar.ts';
import { Cohort, NO_SHIFT, type CohortOptions } from './cohort.ts';
import { RowWriter } from './row-writer.ts';
import { writeNmrsMessage } from './write-nmrs.ts';

const AS_OF = parseIsoDay('2026-06-30');
const ROWS = 2000;

type Obs = {
  encounterUuid?: string;
  obsUuid?: string;
  obsGroupUuid?: string;
  variableName: string;
  conceptId?: number;
  valueCoded?: number;
  valueText?: string;
  valueNumeric?: number;
};
type Encounter = { encounterUuid: string; encounterDatetime: string; pmmForm: string; voided: number };
type Message = { messageData: { visits: { dateStarted: string }[]; encounters: Encounter[]; obs: Obs[] } };

function cohortOf(options: Partial<CohortOptions> = {}): Cohort {
  return new Cohort({
    rows: ROWS,
    seed: 11,
    asOf: AS_OF,
    population: 'ever',
    extraHistoryDays: 0,
    shift: NO_SHIFT,
    transfersIn: 0.03,
    ...options,
  });
}

function messages(): Message[] {
  const cohort = cohortOf();
  const writer = new RowWriter();
  return Array.from({ length: ROWS }, (_, i) => {
    cohort.make(i);
    writeNmrsMessage(cohort, writer);
    return JSON.parse(writer.take().toString()) as Message;
  });
}

describe('NMRS messages, as programmes write them', () => {
  const all = messages();
  const obs = all.flatMap(({ messageData }) => messageData.obs);
  const encounters = all.flatMap(({ messageData }) => messageData.encounters);

  it('have several drugs a pharmacy form, ARVs first and last, and forms without ARVs', () => {
    const forms = new Map<string, string[]>();
    for (const { encounterUuid = '', variableName, valueText, valueCoded } of obs) {
      if (variableName !== 'Medication dispensed') continue;
      const drug = valueText ?? String(valueCoded);
      const isArv = /DTG|EFV|ATV|LPV|165681|165691|164505|164512|162561/u.test(drug);
      forms.set(encounterUuid, [...(forms.get(encounterUuid) ?? []), isArv ? 'arv' : 'other']);
    }
    const count = new Map<string, number>();
    for (const drugs of forms.values()) count.set(drugs.join(), (count.get(drugs.join()) ?? 0) + 1);
    expect([...count.keys()].sort()).toEqual(['arv', 'arv,other', 'other', 'other,arv']);
    expect(Math.min(...count.values()) / forms.size).toBeGreaterThan(0.01);
  });

  it('name the groups of ARVs, of other medicines and of TB medicines by NMRS’s numbers', () => {
    const held = new Set(obs.map(({ obsGroupUuid }) => obsGroupUuid));
    const groups = obs.filter(({ obsUuid }) => obsUuid !== undefined);
    expect(new Set(groups.map(({ conceptId }) => conceptId))).toEqual(new Set([162_240, 165_726, 165_728]));
    expect(groups.filter(({ obsUuid }) => !held.has(obsUuid))).toEqual([]);
  });

  it.each([
    ['WHO stage', [1204, 1205, 1206, 1207, 1220, 1221]],
    ['Functional Status', [159_468, 160_026, 162_752]],
    ['ARV adherence', [165_287, 165_288, 165_289]],
    ['Tuberculosis symptom', [1660, 142_177]],
    ['Pregnancy', [165_047, 165_048, 165_049]],
    ['Reason for termination', [165_889, 159_492, 5240]],
    ['Care Entry Point', [160_563]],
  ])('answer %s by concept at some facilities and in words at others', (name, concepts) => {
    const answers = obs.filter(({ variableName }) => variableName === name);
    const codes = new Set(answers.map(({ valueCoded }) => valueCoded));
    expect(concepts.filter((concept) => !codes.has(concept))).toEqual([]);
    expect(answers.some(({ valueText }) => valueText !== undefined)).toBe(true);
  });

  it('have forms without the patient, some with the visit that the EMR opened for them', () => {
    const forms = new Set(encounters.map(({ pmmForm }) => pmmForm));
    expect([...forms]).toEqual(
      expect.arrayContaining([
        'Missed appointment phone call',
        'Defaulter home visit',
        'Client Tracking and Termination Form',
        'Laboratory Order and Result form',
      ]),
    );
    const isVisited = all.some(({ messageData: { visits, encounters: own } }) =>
      own.some(
        ({ pmmForm, encounterDatetime }) =>
          pmmForm === 'Missed appointment phone call' &&
          visits.some(({ dateStarted }) => dateStarted === encounterDatetime),
      ),
    );
    expect(isVisited).toBe(true);
  });

  it('have a few dispensings of the future and visits of ten years ago', () => {
    const future = encounters.filter(({ encounterDatetime }) => encounterDatetime > '2027');
    expect(future.length).toBeGreaterThan(0);
    expect(future.length).toBeLessThan(ROWS / 100);
    const oldest = Math.min(
      ...all.flatMap(({ messageData }) =>
        messageData.visits.map((visit) => Number(visit.dateStarted.slice(0, 4))),
      ),
    );
    expect(oldest).toBeLessThan(2017);
  });
});

describe('lives, as programmes record them', () => {
  it('have top-ups, transfers-in of unknown history and ends of care that later pickups gainsay', () => {
    const cohort = cohortOf({ population: 'active' });
    const extractor = new Extractor();
    const out = new Float64Array(FEATURES.length);
    const [dispensations, months] = [featureIndex('total_dispensations'), featureIndex('months_on_art')];
    const count = { topUps: 0, transfersIn: 0, unknown: 0, gainsaid: 0 };
    for (let i = 0; i < ROWS; i++) {
      cohort.make(i);
      if (cohort.person.topUps > 0) count.topUps++;
      const { death, transferOut } = cohort.record.observations;
      if (death.count + transferOut.count > 0) count.gainsaid++;
      if (Number.isNaN(cohort.person.transferInDay)) continue;
      count.transfersIn++;
      extractor.extract(cohort.record, AS_OF, out);
      if (Number.isNaN(out[dispensations]!) && !(out[months]! < 2)) count.unknown++;
    }
    expect(count.topUps / ROWS).toBeGreaterThan(0.1);
    expect(count.transfersIn / ROWS).toBeGreaterThan(0.02);
    expect(count.unknown / count.transfersIn).toBeGreaterThan(0.7);
    expect(count.gainsaid).toBeGreaterThan(5);
  });

  it('lose a silent site’s last day to a stray entry now and then, in an export for training alone', () => {
    const cohort = cohortOf({ rows: 100_000 });
    const strays = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      cohort.make(i);
      const { facility } = cohort.person;
      const { visits } = cohort.record;
      if (facility.reportingLagDays < 20) continue;
      for (let v = 0; v < visits.count; v++)
        if (visits.day[v]! > AS_OF - 5) strays.set(facility.id, (strays.get(facility.id) ?? 0) + 1);
    }
    expect(strays.size).toBeGreaterThan(2);
  });

  it('come on days when clinics are open, and later around Christmas', () => {
    const cohort = cohortOf();
    let closed = 0;
    let entries = 0;
    const late = { christmas: [0, 0], spring: [0, 0] };
    for (let i = 0; i < ROWS; i++) {
      cohort.make(i);
      const { pickups } = cohort.record;
      for (let p = 0; p < pickups.count; p++, entries++) if (!isOpen(pickups.day[p]!)) closed++;
      for (let p = 1; p < pickups.count; p++) {
        const due = pickups.day[p - 1]! + pickups.supply[p - 1]!;
        const days = pickups.day[p]! - due;
        if (!(days > -14 && days <= GRACE_DAYS)) continue;
        const { month, day } = civilDate(due);
        const season =
          (month === 12 && day >= 15) || (month === 1 && day <= 7)
            ? late.christmas
            : month >= 2 && month <= 5
              ? late.spring
              : undefined;
        if (season === undefined) continue;
        season[0]!++;
        if (days > 0) season[1]!++;
      }
    }
    // A second entry of one dispensing, a day later, may stand on a Saturday.
    expect(closed / entries).toBeLessThan(0.005);
    const share = ([all, some]: number[]) => some! / all!;
    expect(share(late.christmas)).toBeGreaterThan(1.15 * share(late.spring));
  });
});

it('closed days lead to the open ones on either side', () => {
  const christmas = parseIsoDay('2025-12-25');
  expect(openFrom(christmas)).toBe(parseIsoDay('2025-12-29'));
  expect(openUntil(christmas)).toBe(parseIsoDay('2025-12-24'));
  expect(openFrom(AS_OF)).toBe(AS_OF);
});

import { describe, expect, it } from 'vitest';
import { GRACE_DAYS, History, summarise } from './history.ts';
import { expectedDay, isAtRisk, labelOf, standing } from './outcome.ts';
import { addPickup, addToSeries, emptyRecord, type PatientRecord } from '../record/patient-record.ts';

const DAY0 = 20_000;
const SUPPLY = 30;
const DUE = DAY0 + SUPPLY;

/** A patient who picked up 30 days of medicine on day 0. */
function patient(): PatientRecord {
  const record = emptyRecord();
  pickUp(record, DAY0);
  return record;
}

function pickUp(record: PatientRecord, day: number, known = day): void {
  addPickup(record.pickups, day, known, SUPPLY, 1, 1);
  addToSeries(record.visits, day, known, 0);
}

function on(record: PatientRecord, asOf: number): History {
  const history = new History();
  summarise(record, asOf, history);
  return history;
}

describe('the rule of due + 28 days', () => {
  it.each([
    [27, 'in_care'],
    [28, 'in_care'],
    [29, 'interrupted'],
  ] as const)('on day %i past due without contact a patient is %s', (late, expected) => {
    expect(standing(on(patient(), DUE + late))).toBe(expected);
  });

  it.each([
    [27, 0],
    [28, 0],
    [29, 1],
  ])('a pickup on day %i past due gives the label %i', (late, label) => {
    const record = patient();
    pickUp(record, DUE + late);
    for (let day = DUE + late + SUPPLY; day < DUE + 200; day += SUPPLY) pickUp(record, day);
    expect(labelOf(record, DAY0, new History())).toBe(label);
  });

  it.each([
    [27, 0],
    [28, 0],
    [29, 1],
  ])('a clinical contact on day %i past due gives the label %i', (late, label) => {
    const record = patient();
    addToSeries(record.visits, DUE + late, DUE + late, 1);
    pickUp(record, DUE + late + 20);
    for (let day = DUE + late + 20 + SUPPLY; day < DUE + 200; day += SUPPLY) pickUp(record, day);
    expect(labelOf(record, DAY0, new History())).toBe(label);
  });

  it.each([
    [27, 0],
    [28, 0],
    [29, 1],
  ])('a pickup %i days late counts %i earlier interruptions', (late, episodes) => {
    const record = patient();
    pickUp(record, DUE + late);
    expect(on(record, DUE + late + 1).iitEpisodes).toBe(episodes);
  });

  it('a contact without medicines after the due date moves the expectation, fetching nothing else does', () => {
    const record = patient();
    addToSeries(record.visits, DUE + 10, DUE + 10, 1);
    expect(expectedDay(on(record, DUE + 12))).toBe(DUE + 10);
    const other = patient();
    addToSeries(other.visits, DUE + 10, DUE + 10, 0);
    expect(expectedDay(on(other, DUE + 12))).toBe(DUE);
  });
});

describe('the window', () => {
  it.each([
    [DUE + GRACE_DAYS - 90, true],
    [DUE + GRACE_DAYS - 91, false],
  ])('as of day %i the patient is at risk: %s', (asOf, expected) => {
    const record = emptyRecord();
    addPickup(record.pickups, asOf - 5, asOf - 5, DUE - (asOf - 5), 1, 1);
    expect(isAtRisk(on(record, asOf))).toBe(expected);
  });

  it('an interruption whose 28th day falls after it is not counted', () => {
    const record = patient();
    expect(labelOf(record, DAY0, new History(), SUPPLY + GRACE_DAYS - 1)).toBe(0);
    expect(labelOf(record, DAY0, new History(), SUPPLY + GRACE_DAYS)).toBe(1);
  });

  it('six months of medicine given yesterday cannot end in it', () => {
    const record = emptyRecord();
    addPickup(record.pickups, DAY0 - 1, DAY0 - 1, 180, 1, 1);
    expect(isAtRisk(on(record, DAY0))).toBe(false);
    expect(labelOf(record, DAY0, new History())).toBe(0);
  });
});

describe('the label', () => {
  it('leaves out those who die or are transferred out in the window', () => {
    for (const kind of ['death', 'transferOut'] as const) {
      const record = patient();
      addToSeries(record.observations[kind], DAY0 + 40, DAY0 + 60, 1);
      expect(labelOf(record, DAY0, new History())).toBeNaN();
    }
  });

  it('knows pickups that were typed in after the as-of date', () => {
    const record = patient();
    pickUp(record, DUE, DUE + 60);
    for (let day = DUE + SUPPLY; day < DUE + 200; day += SUPPLY) pickUp(record, day);
    expect(standing(on(record, DUE + 29))).toBe('interrupted');
    expect(labelOf(record, DUE - 1, new History())).toBe(0);
  });
});

describe('standing', () => {
  it('tells the dead, the transferred and those with too little data apart', () => {
    const died = patient();
    addToSeries(died.observations.death, DAY0 + 3, DAY0 + 3, 1);
    expect(standing(on(died, DAY0 + 5))).toBe('died');
    const moved = patient();
    addToSeries(moved.observations.transferOut, DAY0 + 3, DAY0 + 3, 1);
    expect(standing(on(moved, DAY0 + 5))).toBe('transferred_out');
    pickUp(moved, DAY0 + 4);
    expect(standing(on(moved, DAY0 + 5))).toBe('in_care');
    expect(standing(on(emptyRecord(), DAY0))).toBe('no_pickup');
    const vague = emptyRecord();
    addPickup(vague.pickups, DAY0, DAY0, Number.NaN, -1, Number.NaN);
    expect(standing(on(vague, DAY0 + 5))).toBe('no_due_date');
    addToSeries(vague.observations.nextAppointment, DAY0, DAY0, DAY0 + 30);
    expect(standing(on(vague, DAY0 + 5))).toBe('in_care');
  });
});

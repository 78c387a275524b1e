import { describe, expect, it } from 'vitest';
import { GRACE_DAYS, History, summarise } from './history.ts';
import { expectedDay, isAtRisk, labelOf, standing, wasDispensedAfterExit } from './outcome.ts';
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
    [DUE + GRACE_DAYS + 1 - 90, true],
    [DUE + GRACE_DAYS + 1 - 91, false],
  ])('as of day %i the patient is at risk: %s', (asOf, expected) => {
    const record = emptyRecord();
    addPickup(record.pickups, asOf - 5, asOf - 5, DUE - (asOf - 5), 1, 1);
    expect(isAtRisk(on(record, asOf))).toBe(expected);
  });

  it('on whose last day the 28th falls has no interruption: on that day the screen says in care', () => {
    const record = patient();
    expect(labelOf(record, DAY0, new History(), SUPPLY + GRACE_DAYS)).toBe(0);
    expect(standing(on(record, DUE + GRACE_DAYS))).toBe('in_care');
    expect(labelOf(record, DAY0, new History(), SUPPLY + GRACE_DAYS + 1)).toBe(1);
    expect(standing(on(record, DUE + GRACE_DAYS + 1))).toBe('interrupted');
  });

  it('ends with the label that the screen gives as of its last day, for whoever has no later pickup', () => {
    for (let window = 1; window < 90; window++) {
      const record = patient();
      const label = labelOf(record, DAY0, new History(), window);
      expect([window, label]).toEqual([
        window,
        standing(on(record, DAY0 + window)) === 'interrupted' ? 1 : 0,
      ]);
      expect(isAtRisk(on(record, DAY0), window)).toBe(label === 1);
    }
  });

  it('six months of medicine given yesterday cannot end in it', () => {
    const record = emptyRecord();
    addPickup(record.pickups, DAY0 - 1, DAY0 - 1, 180, 1, 1);
    expect(isAtRisk(on(record, DAY0))).toBe(false);
    expect(labelOf(record, DAY0, new History())).toBe(0);
  });
});

describe('the due date', () => {
  const due = (...pickups: readonly (readonly [day: number, supply: number])[]) => {
    const record = emptyRecord();
    for (const [day, supply] of pickups) addPickup(record.pickups, DAY0 + day, DAY0 + day, supply, 1, 1);
    return on(record, DAY0 + 400).dueDay - DAY0;
  };

  it('is never shortened by a top-up, whose days it gains', () => {
    expect(due([0, 120], [30, 10])).toBe(130);
  });

  it('adds up refills that lie days apart, and takes entries of one dispensing once', () => {
    expect(due([0, 60], [5, 60])).toBe(120);
    expect(due([0, 60], [1, 60])).toBe(60);
  });

  it('begins anew where the supply had run out', () => {
    expect(due([0, 30], [50, 30])).toBe(80);
  });

  it('carries what is in hand over any number of early pickups', () => {
    expect(due([0, 60], [50, 60], [100, 60], [150, 60])).toBe(240);
  });

  it('is the ARV appointment given from a pickup without supply to the next, not one given before it', () => {
    const record = emptyRecord();
    addPickup(record.pickups, DAY0, DAY0, Number.NaN, 1, 1);
    const { nextAppointment } = record.observations;
    addToSeries(nextAppointment, DAY0 - 20, DAY0 - 20, DAY0 + 200);
    expect(on(record, DAY0 + 10).dueDay).toBeNaN();
    addToSeries(nextAppointment, DAY0 + 2, DAY0 + 2, DAY0 + 28);
    expect(on(record, DAY0 + 10).dueDay).toBe(DAY0 + 28);
    addPickup(record.pickups, DAY0 + 20, DAY0 + 20, Number.NaN, 1, 1);
    expect(on(record, DAY0 + 30).dueDay).toBe(DAY0 + 28);
  });

  it('is one for lateness, interruptions, screen and label', () => {
    const record = emptyRecord();
    for (const day of [0, 40, 80]) addPickup(record.pickups, DAY0 + day, DAY0 + day, 60, 1, 1);
    // In hand until day 180: a pickup on day 205 is 25 days late, one on day 209 follows an interruption.
    addPickup(record.pickups, DAY0 + 205, DAY0 + 205, 60, 1, 1);
    const history = on(record, DAY0 + 206);
    expect([history.gapLate[0], history.iitEpisodes]).toEqual([25, 0]);
    expect(labelOf(record, DAY0 + 130, new History())).toBe(0);
    record.pickups.day[3] = DAY0 + 209;
    record.pickups.known[3] = DAY0 + 209;
    expect(on(record, DAY0 + 210).iitEpisodes).toBe(1);
    expect(labelOf(record, DAY0 + 130, new History())).toBe(1);
    expect(standing(on(record, DAY0 + 208))).toBe('in_care');
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

  it('uses those whose death or transfer a later dispensing outweighs', () => {
    for (const kind of ['death', 'transferOut'] as const) {
      const record = patient();
      addToSeries(record.observations[kind], DAY0 + 10, DAY0 + 10, 1);
      for (let day = DUE; day < DUE + 200; day += SUPPLY) pickUp(record, day);
      expect(labelOf(record, DAY0, new History())).toBe(0);
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
  it('lets a later dispensing outweigh any end of care, and a return or contact that the patient was lost', () => {
    const kinds = {
      death: 'died',
      transferOut: 'transferred_out',
      stopped: 'stopped',
      lost: 'lost',
    } as const;
    for (const kind of ['death', 'transferOut', 'stopped', 'lost'] as const) {
      const record = patient();
      addToSeries(record.observations[kind], DAY0 + 5, DAY0 + 5, 1);
      expect(standing(on(record, DAY0 + 8))).toBe(kinds[kind]);
      expect(wasDispensedAfterExit(on(record, DAY0 + 8))).toBe(false);
      const returned = structuredClone(record);
      addToSeries(returned.observations.returned, DAY0 + 7, DAY0 + 7, 1);
      expect(standing(on(returned, DAY0 + 8))).toBe('in_care');
      pickUp(record, DAY0 + 8);
      expect(standing(on(record, DAY0 + 8))).toBe('in_care');
      expect(wasDispensedAfterExit(on(record, DAY0 + 8))).toBe(kind === 'death' || kind === 'transferOut');
    }
    const seen = patient();
    addToSeries(seen.observations.lost, DAY0 + 5, DAY0 + 5, 1);
    addToSeries(seen.visits, DAY0 + 9, DAY0 + 9, 1);
    expect(standing(on(seen, DAY0 + 10))).toBe('in_care');
  });

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

import { describe, expect, it } from 'vitest';
import { addPickup, addToSeries, emptyRecord, type PatientRecord } from '#patients/record/patient-record.ts';
import { EntryVolume } from './entry-volume.ts';

const END = 20_500;

/** Pickups every 90 days, typed in on their day, from `from` to `to` days before the end. */
function quarterly(from: number, to: number): PatientRecord {
  const record = emptyRecord();
  for (let ago = from; ago >= to; ago -= 90) {
    addPickup(record.pickups, END - ago, END - ago, 90, 1, 1);
    addToSeries(record.visits, END - ago, END - ago, 1);
  }
  return record;
}

/** A site of `size` patients, spread over the quarter, that goes silent `silent` days before the end. */
function site(size: number, silent: number): EntryVolume {
  const volume = new EntryVolume();
  for (let i = 0; i < size; i++) volume.add(quarterly(900 + Math.floor((i * 90) / size), silent), END);
  return volume;
}

function strayEntry(ago: number): PatientRecord {
  const record = emptyRecord();
  addToSeries(record.visits, END - ago, END - ago, 0);
  return record;
}

describe('where a facility’s data end', () => {
  it.each([20, 90, 700, 9000])('is its last ordinary day, not a stray entry, at a site of %i', (size) => {
    const plain = site(size, 120).lastOrdinaryDay();
    expect(plain).toBeGreaterThan(END - 130);
    expect(plain).toBeLessThanOrEqual(END - 120);
    const withStray = site(size, 120);
    withStray.add(strayEntry(3), END);
    expect(withStray.lastOrdinaryDay()).toBe(plain);
  });

  it.each([1, 5, 20, 700])('is the last entry where a site of %i goes on as ever', (size) => {
    const volume = site(size, 0);
    expect(volume.lastOrdinaryDay()).toBeGreaterThan(END - Math.ceil(90 / size) - 1);
  });

  it('is not moved by a handful of strays at a busy site', () => {
    const volume = site(700, 60);
    const plain = volume.lastOrdinaryDay();
    for (const ago of [1, 2, 3, 4, 5]) volume.add(strayEntry(ago), END);
    expect(volume.lastOrdinaryDay()).toBe(plain);
  });

  it('passes over a week in which the site was closed', () => {
    const volume = new EntryVolume();
    for (let i = 0; i < 700; i++) {
      const record = emptyRecord();
      for (let ago = 900 + (i % 90); ago >= 0; ago -= 90)
        if (ago > 14 || ago < 7) addPickup(record.pickups, END - ago, END - ago, 90, 1, 1);
      volume.add(record, END);
    }
    expect(volume.lastOrdinaryDay()).toBe(END);
  });

  it('counts nothing that was typed in after the end', () => {
    const volume = site(90, 30);
    const plain = volume.lastOrdinaryDay();
    for (let i = 0; i < 50; i++) volume.add(strayEntry(-10), END);
    expect(volume.lastOrdinaryDay()).toBe(plain);
  });

  it('is 0 where nothing was ever typed in', () => {
    expect(new EntryVolume().lastOrdinaryDay()).toBe(0);
  });
});

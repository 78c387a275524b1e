import { expect, test } from 'vitest';
import { parseFacilities } from './facility-csv.ts';

test('a register is read by the names of its columns, quotes and all', () => {
  expect(parseFacilities('\uFEFFname,ID,state\r\n"Clinic ""A"", north",F1,Kano\r\n\r\nB,F2,\r\n')).toEqual([
    { id: 'F1', name: 'Clinic "A", north', lga: '', state: 'Kano' },
    { id: 'F2', name: 'B', lga: '', state: '' },
  ]);
});

test.each([
  ['name\nA', 1],
  ['id,name\nF1,', 2],
  ['id,name\nF1,A\nF2,B\nF1,C', 4],
  ['id,name\nF1,"A', 2],
  [`id,name\n${'F'.repeat(65)},A`, 2],
])('a fault is named by its line: %j', (text, line) => {
  expect(() => parseFacilities(text)).toThrow(expect.objectContaining({ code: 'invalid_body', line }));
});

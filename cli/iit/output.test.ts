import { expect, test } from 'vitest';
import { cellText } from './output.ts';

test('a name cannot steer the terminal that shows it; a colour of the command’s own stays', () => {
  expect(cellText('\u001B]0;title\u0007\u001B[2Jx\n\u009B1A')).toBe(
    '\uFFFD]0;title\uFFFD\uFFFD[2Jx\uFFFD\uFFFD1A',
  );
  expect(cellText('\u001B[32mcompleted\u001B[39m')).toBe('\u001B[32mcompleted\u001B[39m');
  expect([cellText(12_345), cellText(null)]).toEqual(['12,345', '–']);
});

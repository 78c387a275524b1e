/** `npm run fuzz [-- --seconds N --door X --seed S]`: mutated input for one door, or for each in turn. */
import { parseArgs } from 'node:util';
import { DOORS } from './doors.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    door: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const doors = DOORS.filter(({ name }) => values.door === undefined || name === values.door);
if (doors.length === 0) {
  process.stderr.write(`There is no door "${values.door}": ${DOORS.map(({ name }) => name).join(', ')}.\n`);
  process.exitCode = 1;
}
for (const door of doors) {
  const { runs, findings } = await fuzz(door, { seconds: Number(values.seconds), seed: Number(values.seed) });
  process.stdout.write(`${door.name}: ${runs} inputs, ${findings.length} findings (seed ${values.seed})\n`);
  for (const { input, problem } of findings) {
    process.stdout.write(`  ${problem}\n  input (base64): ${input.toString('base64').slice(0, 4_000)}\n`);
    process.exitCode = 1;
  }
}

/**
 * Sends a file, follows the run, and prints the five whom to call first:
 * IIT_API_URL=… IIT_API_KEY=… node client/examples/night.ts cohort.csv
 */
import { createReadStream } from 'node:fs';
import { IitClient } from '../index.ts';

const [file = 'cohort.csv'] = process.argv.slice(2);
const client = new IitClient({
  url: process.env['IIT_API_URL'] ?? 'http://127.0.0.1:8000',
  key: process.env['IIT_API_KEY'],
});

// The same name on the same day is the same run, however often this is started.
const day = new Date().toISOString().slice(0, 10);
const { job, isEarlier } = await client.submit(() => createReadStream(file), {
  name: 'nightly',
  idempotencyKey: `nightly-${day}`,
});
process.stdout.write(`${isEarlier ? 'the earlier run' : 'run'} ${job.id}\n`);

for await (const now of client.watch(job.id)) {
  process.stdout.write(`${now.status}: ${now.rows.scored} scored, ${now.rows.rejected} refused\n`);
}
for await (const row of client.results(job.id, { order: 'risk', limit: 5 })) {
  process.stdout.write(
    `${row.patient_id} ${row.tier} ${row.risk.toFixed(3)} ${row.reasons[0]?.text ?? ''}\n`,
  );
  if (row.tier !== 'high') break;
}

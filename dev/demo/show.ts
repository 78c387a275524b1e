import { styleText } from 'node:util';
import { Client } from 'pg';
import type { Job, Schemas } from '#client/index.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import type { DemoServices } from './demo-services.ts';
import type { DataFolder } from './data-folder.ts';

const number = (value: number) => value.toLocaleString('en-GB');
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

function heading(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

function line(text = ''): void {
  process.stdout.write(`  ${text}\n`);
}

export function showTiers(job: Job, seconds: number): void {
  heading(`Job ${job.id}: ${job.status}`);
  const { received, accepted, rejected, scored } = job.rows;
  line(
    `${number(received)} rows received, ${number(accepted)} accepted, ${number(rejected)} rejected, ${number(scored)} scored with reasons`,
  );
  line(
    `in ${seconds.toFixed(1)} s with model ${job.model.version} (sha256 ${job.model.sha256.slice(0, 12)}…)`,
  );
  for (const tier of ['high', 'medium', 'low'] as const) {
    line(
      `${tier.padEnd(7)} ${number(job.tiers[tier]).padStart(10)}  ${percent(scored === 0 ? 0 : job.tiers[tier] / scored)}`,
    );
  }
}

export function showRisks(rows: readonly Schemas['Result'][]): void {
  heading('The ten highest risks (SYNTHETIC patients: nobody here exists)');
  for (const [index, row] of rows.entries()) {
    const who = `${String(index + 1).padStart(2)}. ${row.patient_id}`.padEnd(22);
    line(
      `${who}${percent(row.risk).padStart(7)} ${row.tier.padEnd(7)} ${row.facility_id ?? ''}  due ${row.due_date ?? 'unknown'}`,
    );
    for (const reason of row.reasons) line(`      ${reason.contribution > 0 ? '▲' : '▼'} ${reason.text}`);
  }
  line(styleText('italic', NOT_A_DIAGNOSIS));
}

export function showAudit(record: Schemas['AuditRecord'] | undefined): void {
  heading('One audit record: who scored whom, when, with what, on which input');
  if (record === undefined) return line('none');
  const { input, ...rest } = record;
  for (const [name, value] of Object.entries(rest)) {
    line(`${name.padEnd(12)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  }
  const known = Object.entries(input ?? {}).filter(([, value]) => value !== null);
  const some = known.slice(0, 6).map(([name, value]) => `${name} ${value}`);
  line(`${'input'.padEnd(12)} ${some.join(', ')}, … (${known.length} known features)`);
}

const TABLES = [
  'jobs',
  'chunks',
  'rejections',
  'score_chunks',
  'score_blocks',
  'order_blocks',
  'patient_blocks',
  'audit_batches',
  'audit_events',
  'api_keys',
];

/** Tables with their rows and bytes, partitions counted in; and the folders. */
export async function showWritten(services: DemoServices, data: DataFolder): Promise<void> {
  heading('What was written where');
  const client = new Client({ connectionString: services.databaseUrl });
  await client.connect();
  try {
    for (const table of TABLES) {
      const { rows } = await client.query<{ rows: string; bytes: string }>(
        `SELECT (SELECT count(*) FROM ${table}) AS rows,
          pg_size_pretty(coalesce(
            (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('${table}')),
            pg_total_relation_size('${table}'))) AS bytes`,
      );
      line(
        `${table.padEnd(14)} ${number(Number(rows[0]?.rows ?? 0)).padStart(12)} rows  ${rows[0]?.bytes ?? ''}`,
      );
    }
  } finally {
    await client.end();
  }
  line(`PostgreSQL     ${data.postgres}`);
  line(`logs           ${data.logs}`);
}

export function showNext(
  services: DemoServices,
  job: Job,
  links: readonly { name: string; role: string; url: string }[],
): void {
  const { apiUrl: url, key } = services;
  const [first, ...others] = links;
  heading('Open this in a browser (the link works once)');
  line(first?.url ?? '');
  line();
  line('or as');
  for (const { name, role, url: link } of others) line(`${`${name}, ${role}`.padEnd(26)} ${link}`);
  heading('Go on from here');
  line(`documentation  ${url}/docs`);
  line(`health         ${url}/health    worker ${services.workerUrl}/health/ready`);
  line(`metrics        ${url}/metrics   worker ${services.workerUrl}/metrics`);
  line(`PostgreSQL     ${services.databaseUrl}`);
  line();
  line(`export KEY=${key}`);
  line(`export IIT_API_URL=${url} IIT_API_KEY=$KEY`);
  line('npx iit runs ls                 npx iit submit radet.xlsx --watch');
  line(`curl -H "Authorization: Bearer $KEY" ${url}/v1/jobs/${job.id}`);
  line(
    `curl -H "Authorization: Bearer $KEY" '${url}/v1/jobs/${job.id}/results?order=risk&tier=high&limit=5'`,
  );
  line(
    `curl -H "Authorization: Bearer $KEY" '${url}/v1/jobs/${job.id}/results?format=csv&order=risk' -o ranked.csv`,
  );
  line(`npm run --silent cohort -- --rows 5000 --seed 7 | gzip | curl -H "Authorization: Bearer $KEY" \\`);
  line(
    `  -H 'Content-Type: text/csv' -H 'Content-Encoding: gzip' --data-binary @- '${url}/v1/jobs?name=mine&explain=3'`,
  );
}

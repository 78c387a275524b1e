import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

const TABLES = ['score_chunks', 'score_blocks', 'order_blocks', 'patient_blocks'] as const;

/** Binary COPY files of all rows of the job, one a table: exactly what the job wrote. */
export async function dumpRows(databaseUrl: string, folder: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    for (const table of TABLES) {
      const rows = client.query(copyTo(`COPY (SELECT * FROM ${table}) TO STDOUT (FORMAT binary)`));
      await pipeline(rows, createWriteStream(fileOf(folder, table)));
    }
  });
}

/** `bytes` and `wal` are what the rows take on disk, their indexes included, and in the write-ahead log. */
export type Floor = { serial: number; parallel: number; bytes: number; wal: number };

/**
 * Seconds that PostgreSQL alone needs for those rows: one COPY a table into the same empty tables with the same
 * indexes, each committed, on one connection after the other (`serial`) or on all at once (`parallel`). The physical floor below it is
 * `bytes` and `wal` divided by what the disk takes a second.
 */
export async function copyFloor(urls: { serial: string; parallel: string }, folder: string): Promise<Floor> {
  await checkpoint(urls.serial);
  const before = await written(urls.serial);
  const serial = await timed(async () => {
    for (const table of TABLES) await copyIn(urls.serial, folder, table);
  });
  const after = await written(urls.serial);
  await checkpoint(urls.parallel);
  const parallel = await timed(async () => {
    await Promise.all(TABLES.map((table) => copyIn(urls.parallel, folder, table)));
  });
  return { serial, parallel, bytes: after.bytes - before.bytes, wal: after.wal - before.wal };
}

async function written(url: string): Promise<{ bytes: number; wal: number }> {
  let found = { bytes: 0, wal: 0 };
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: string; wal: string }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal, (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AS bytes`,
    );
    found = { bytes: Number(rows[0]?.bytes), wal: Number(rows[0]?.wal) };
  });
  return found;
}

/** Each measurement begins with nothing left to be written of what was before it. */
async function checkpoint(url: string): Promise<void> {
  await withClient(url, async (client) => void (await client.query('CHECKPOINT')));
}

async function copyIn(url: string, folder: string, table: string): Promise<void> {
  await withClient(url, async (client) => {
    const sink = client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT binary)`));
    await pipeline(createReadStream(fileOf(folder, table), { highWaterMark: 1 << 20 }), sink);
  });
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1_000;
}

function fileOf(folder: string, table: string): string {
  return path.join(folder, `${table}.copy`);
}

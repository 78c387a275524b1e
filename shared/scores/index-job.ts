import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { COPY_HEADER, COPY_TRAILER, POSTGRES_EPOCH_DAYS } from '#shared/db/copy/binary-copy.ts';
import { CopyWriter } from '#shared/db/copy/copy-writer.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import { type IndexedRow, walkJobRows } from './job-rows.ts';
import type { BlockScope } from './read-blocks.ts';
import { fallingOrderOf, orderOf } from './sort-rows.ts';

/** The list of the whole job, and that of its rows without a facility; a facility's is '=' and its id. */
export const WHOLE_JOB = '*';
export const NO_FACILITY_LIST = '-';
export const listOf = (facilityId: string): string => `=${facilityId}`;

/** An entry of a list: the tier above the row number. */
export const TIER_SHIFT = 30;
export const ROW_MASK = 0x3fffffff;

/** Rows that are sorted at once; a larger job is walked through several times. 21 bytes a row, and twelve while it is sorted. */
const ROWS_A_PASS = 2_000_000;
/** As many as fill a page. */
const ENTRIES_A_BLOCK = 1_960;
const HASHES_A_BLOCK = 980;
const RISK_BINS = 4_096;
const FLUSH_BYTES = 1 << 20;
const OID_INT4 = 23;

export type IndexDeps = { pool: Pool; crash: CrashPoints; rowsAPass?: number };

/**
 * Makes a job's lists by risk and by facility, and its hashes of patients, in one transaction; those of an earlier end of the job
 * are replaced. False where there is nothing to do, or another process is at it. Whoever dies on the way leaves nothing.
 */
export async function indexJob(deps: IndexDeps, jobId: string): Promise<boolean> {
  const client = await deps.pool.connect();
  let broken = true;
  try {
    await client.query('BEGIN');
    const done = await indexWithin(deps, client, jobId);
    deps.crash('before_index_commit');
    await client.query('COMMIT');
    broken = false;
    return done;
  } finally {
    client.release(broken);
  }
}

async function indexWithin(deps: IndexDeps, client: PoolClient, jobId: string): Promise<boolean> {
  const { rows } = await client.query<{ period: string; rows: number }>(
    `SELECT period, rows_scored AS rows FROM jobs WHERE id = $1 AND finished_at IS NOT NULL AND rows_scored > 0
       AND indexed_rows IS DISTINCT FROM rows_scored AND pg_try_advisory_xact_lock(hashtextextended('iit.index/' || id, 0))`,
    [jobId],
  );
  const job = rows[0];
  if (job === undefined) return false;
  const scope = { jobId, period: job.period };
  await client.query(
    'WITH lists AS (DELETE FROM order_blocks WHERE period = $1 AND job_id = $2) DELETE FROM patient_blocks WHERE period = $1 AND job_id = $2',
    [job.period, jobId],
  );
  const passes = Math.max(1, Math.ceil(job.rows / (deps.rowsAPass ?? ROWS_A_PASS)));
  const facilities = new Map<string, number>();
  const cuts = passes === 1 ? [] : await riskCuts(deps.pool, scope, facilities, passes);
  let place = 0;
  for (let pass = 0; pass < passes; pass++) {
    place += await indexPass(deps, client, scope, facilities, { pass, passes, cuts, place, rows: job.rows });
  }
  await client.query('UPDATE jobs SET indexed_rows = $2 WHERE id = $1 AND rows_scored = $2', [
    jobId,
    job.rows,
  ]);
  return true;
}

/** Risks that divide a job into about equal parts, falling. */
async function riskCuts(
  pool: Pool,
  scope: BlockScope,
  facilities: Map<string, number>,
  passes: number,
): Promise<number[]> {
  const bins = new Float64Array(RISK_BINS);
  let count = 0;
  await walkJobRows(pool, scope, facilities, ({ risk }) => {
    bins[Math.min(RISK_BINS - 1, Math.max(0, Math.floor(risk * RISK_BINS)))]!++;
    count++;
  });
  const cuts: number[] = [];
  let above = 0;
  for (let bin = RISK_BINS - 1; bin > 0 && cuts.length < passes - 1; bin--) {
    above += bins[bin]!;
    if (above >= ((cuts.length + 1) * count) / passes) cuts.push(bin / RISK_BINS);
  }
  while (cuts.length < passes - 1) cuts.push(-Infinity);
  return cuts;
}

type Pass = { pass: number; passes: number; cuts: readonly number[]; place: number; rows: number };

/** Returns how many rows of the whole job's list it wrote. */
async function indexPass(
  deps: IndexDeps,
  client: PoolClient,
  scope: BlockScope,
  facilities: Map<string, number>,
  { pass, passes, cuts, place, rows }: Pass,
): Promise<number> {
  // Where risks or facilities are very uneven, a pass holds more than its share.
  const byRisk = new RowList(rows / passes);
  const byFacility = passes === 1 ? byRisk : new RowList(rows / passes);
  const byHash = new HashList(rows / passes);
  const highest = pass === 0 ? Infinity : cuts[pass - 1]!;
  const lowest = pass === passes - 1 ? -Infinity : cuts[pass]!;
  await walkJobRows(deps.pool, scope, facilities, (row) => {
    if (passes === 1 || (row.risk < highest && row.risk >= lowest)) byRisk.push(row);
    if (passes > 1 && (row.facility + 1) % passes === pass) byFacility.push(row);
    if (passes === 1 || (row.hash >>> 0) % passes === pass) byHash.push(row);
  });
  deps.crash('mid_index');
  const names = [...facilities.keys()];
  const lists = await openCopy(
    client,
    'order_blocks (period, job_id, list, neg_risk, first_row, first_place, tier_counts, entries)',
  );
  const order = fallingOrderOf(byRisk.risks());
  await writeList(lists, scope, WHOLE_JOB, byRisk, order, place);
  const facilityOrder = byFacility === byRisk ? order : fallingOrderOf(byFacility.risks());
  for (const [facility, own] of byNumber(byFacility, facilityOrder, names.length)) {
    const list = facility < 0 ? NO_FACILITY_LIST : listOf(names[facility]!);
    await writeList(lists, scope, list, byFacility, own, 0);
  }
  await lists.end();
  await writeHashes(client, scope, byHash);
  return order.length;
}

/** Groups by facility, each in the given order. */
function* byNumber(list: RowList, order: Uint32Array, count: number): Generator<[number, Uint32Array]> {
  const starts = new Uint32Array(count + 2);
  for (let at = 0; at < order.length; at++) starts[list.facilityAt(at) + 2]!++;
  for (let no = 0; no < count + 1; no++) starts[no + 1]! += starts[no]!;
  const ends = starts.slice();
  const grouped = new Uint32Array(order.length);
  for (const at of order) grouped[ends[list.facilityAt(at) + 1]!++] = at;
  for (let no = 0; no <= count; no++) {
    if (ends[no]! > starts[no]!) yield [no - 1, grouped.subarray(starts[no], ends[no])];
  }
}

async function writeList(
  out: CopyStream,
  scope: BlockScope,
  list: string,
  rows: RowList,
  order: Uint32Array,
  firstPlace: number,
): Promise<void> {
  const name = Buffer.from(list);
  for (let start = 0; start < order.length; start += ENTRIES_A_BLOCK) {
    const end = Math.min(order.length, start + ENTRIES_A_BLOCK);
    const tierCounts = [0, 0, 0];
    for (let at = start; at < end; at++) tierCounts[rows.tierAt(order[at]!)]!++;
    const tuple = out.writer.int2Bare(8).int4(out.periodOf(scope)).field(out.jobOf(scope)).field(name);
    tuple
      .float8(-rows.riskAt(order[start]!))
      .int4(rows.rowAt(order[start]!))
      .int4(firstPlace + start);
    tuple.beginArray(OID_INT4, 3);
    for (const count of tierCounts) tuple.int4(count);
    tuple.endArray();
    tuple.beginArray(OID_INT4, end - start);
    for (let at = start; at < end; at++)
      tuple.int4(rows.rowAt(order[at]!) | (rows.tierAt(order[at]!) << TIER_SHIFT));
    tuple.endArray();
    await out.flush();
  }
}

async function writeHashes(client: PoolClient, scope: BlockScope, list: HashList): Promise<void> {
  const out = await openCopy(client, 'patient_blocks (period, job_id, first_hash, hashes, row_nos)');
  const order = orderOf(list.keys());
  for (let start = 0; start < order.length;) {
    let end = Math.min(order.length, start + HASHES_A_BLOCK);
    // Rows of one hash stay together, however many they are.
    while (end < order.length && list.hashAt(order[end]!) === list.hashAt(order[end - 1]!)) end++;
    const tuple = out.writer.int2Bare(5).int4(out.periodOf(scope)).field(out.jobOf(scope));
    tuple.int4(list.hashAt(order[start]!)).beginArray(OID_INT4, end - start);
    for (let at = start; at < end; at++) tuple.int4(list.hashAt(order[at]!));
    tuple.endArray().beginArray(OID_INT4, end - start);
    for (let at = start; at < end; at++) tuple.int4(list.rowAt(order[at]!));
    tuple.endArray();
    await out.flush();
    start = end;
  }
  await out.end();
}

type CopyStream = {
  readonly writer: CopyWriter;
  readonly periodOf: (scope: BlockScope) => number;
  readonly jobOf: (scope: BlockScope) => Buffer;
  /** Sends what was written, once it is worth it. */
  flush: () => Promise<void>;
  end: () => Promise<void>;
};

async function openCopy(client: PoolClient, table: string): Promise<CopyStream> {
  const sink = client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT binary)`));
  let failure: Error | undefined;
  sink.on('error', (error: Error) => (failure = error));
  const writer = new CopyWriter(FLUSH_BYTES + (FLUSH_BYTES >> 2), (bytes) => Buffer.allocUnsafeSlow(bytes));
  writer.bytes(COPY_HEADER);
  const send = async () => {
    if (failure !== undefined) throw failure;
    const flowing = sink.write(Buffer.from(writer.written()));
    writer.clear();
    if (!flowing) await once(sink, 'drain');
  };
  return {
    writer,
    periodOf: ({ period }) => Date.parse(`${period}T00:00:00Z`) / 86_400_000 - POSTGRES_EPOCH_DAYS,
    jobOf: ({ jobId }) => Buffer.from(jobId.replaceAll('-', ''), 'hex'),
    flush: async () => {
      if (writer.written().length >= FLUSH_BYTES) await send();
    },
    end: async () => {
      writer.bytes(COPY_TRAILER);
      await send();
      sink.end();
      await once(sink, 'finish');
    },
  };
}

/** Rows by column; grows by halves. */
class RowList {
  #rows: Int32Array;
  #risks: Float64Array;
  #tiers: Uint8Array;
  #facilities: Int32Array;
  #count = 0;

  constructor(expected: number) {
    const size = Math.ceil(expected * 1.05) + 64;
    this.#rows = new Int32Array(size);
    this.#risks = new Float64Array(size);
    this.#tiers = new Uint8Array(size);
    this.#facilities = new Int32Array(size);
  }

  push({ rowNo, risk, tier, facility }: Readonly<IndexedRow>): void {
    if (this.#count === this.#rows.length) this.#grow();
    this.#rows[this.#count] = rowNo;
    this.#risks[this.#count] = risk;
    this.#tiers[this.#count] = tier;
    this.#facilities[this.#count++] = facility;
  }

  risks(): Float64Array {
    return this.#risks.subarray(0, this.#count);
  }

  rowAt(at: number): number {
    return this.#rows[at]!;
  }

  riskAt(at: number): number {
    return this.#risks[at]!;
  }

  tierAt(at: number): number {
    return this.#tiers[at]!;
  }

  facilityAt(at: number): number {
    return this.#facilities[at]!;
  }

  #grow(): void {
    const size = Math.ceil(this.#rows.length * 1.5);
    const [rows, risks, tiers, facilities] = [this.#rows, this.#risks, this.#tiers, this.#facilities];
    (this.#rows = new Int32Array(size)).set(rows);
    (this.#risks = new Float64Array(size)).set(risks);
    (this.#tiers = new Uint8Array(size)).set(tiers);
    (this.#facilities = new Int32Array(size)).set(facilities);
  }
}

class HashList {
  #rows: Int32Array;
  #hashes: Int32Array;
  #count = 0;

  constructor(expected: number) {
    const size = Math.ceil(expected * 1.05) + 64;
    this.#rows = new Int32Array(size);
    this.#hashes = new Int32Array(size);
  }

  push({ rowNo, hash }: Readonly<IndexedRow>): void {
    if (this.#count === this.#rows.length) {
      const [rows, hashes] = [this.#rows, this.#hashes];
      const size = Math.ceil(rows.length * 1.5);
      (this.#rows = new Int32Array(size)).set(rows);
      (this.#hashes = new Int32Array(size)).set(hashes);
    }
    this.#rows[this.#count] = rowNo;
    this.#hashes[this.#count++] = hash;
  }

  /** Unsigned, in the order of the signed hashes. */
  keys(): Uint32Array {
    return Uint32Array.from(this.#hashes.subarray(0, this.#count), (hash) => (hash ^ 0x80000000) >>> 0);
  }

  rowAt(at: number): number {
    return this.#rows[at]!;
  }

  hashAt(at: number): number {
    return this.#hashes[at]!;
  }
}

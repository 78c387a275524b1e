import { randomInt } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { namelessFile } from '../nameless-file.ts';
import { decodeRow, encodeRow, MOST_ROW_BYTES } from './row-codec.ts';
import { patientKey, type LineListRow } from './row.ts';

/** Rows held as objects, about 1 KB each, before they go to a file. */
const ROWS_IN_MEMORY = 20_000;
const PARTITIONS = 256;
const BLOCK_BYTES = 16 * 1024;
/** Monthly snapshots of a lifetime; of rows beyond it the patient is told, and they are refused. */
const MOST_ROWS_A_PATIENT = 1_000;

type Block = { readonly partition: number; readonly bytes: Buffer };
type Place = { readonly offset: number; readonly length: number };

export type RowStoreOptions = {
  /** Where the file is made; the system's folder for temporary files by default. */
  folder?: string;
  rowsInMemory?: number;
  /** Of the hash that parts patients: a fixed one gives the same order each time, and is for files that one trusts. */
  seed?: number;
};

/**
 * Holds the rows of a list until they can be joined by patient. Small lists stay in memory; of larger ones the rows go,
 * parted by a keyed hash of the patient, into one file that has no name from the moment it is open: it vanishes with the
 * process or with `close`, whichever comes first. Memory: 20,000 rows, then 256 blocks of 16 KB and one part at a time.
 * Fails with the system's error where the file cannot be written.
 */
export class RowStore {
  readonly #rowsInMemory: number;
  readonly #folder: string;
  readonly #seed: number;
  #rows: LineListRow[] = [];
  #blocks: (Buffer | undefined)[] = [];
  #used = new Uint32Array(PARTITIONS);
  #places: Place[][] = [];
  #pending: Block[] = [];
  readonly #scratch = Buffer.alloc(MOST_ROW_BYTES);
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #isSpilled = false;

  constructor(options: RowStoreOptions = {}) {
    this.#folder = options.folder ?? tmpdir();
    this.#seed = options.seed ?? randomInt(2 ** 32);
    this.#rowsInMemory = options.rowsInMemory ?? ROWS_IN_MEMORY;
  }

  /** Rows that are still in memory. */
  get heldCount(): number {
    return this.#rows.length;
  }

  add(row: LineListRow): void {
    if (!this.#isSpilled) {
      this.#rows.push(row);
      if (this.#rows.length <= this.#rowsInMemory) return;
      this.#isSpilled = true;
      for (const held of this.#rows) this.#encode(held);
      this.#rows = [];
      return;
    }
    this.#encode(row);
  }

  /** Takes back the rows that are still in memory: those of a list that turns out to stream. */
  take(): LineListRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Writes what is full; to be awaited now and then, so that no more than a piece of the upload waits in memory. */
  async drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const blocks = this.#pending;
      this.#pending = [];
      const file = (this.#file ??= await namelessFile(this.#folder));
      for (const { partition, bytes } of blocks) {
        await writeWhole(file, bytes, this.#fileBytes);
        (this.#places[partition] ??= []).push({ offset: this.#fileBytes, length: bytes.length });
        this.#fileBytes += bytes.length;
      }
    }
  }

  /**
   * The rows of each patient once, in the order of the file; patients in the order in which they first appear where the
   * list was small, else parted. `onSurplus` gets what a patient has beyond 1,000 rows.
   */
  async *patients(onSurplus: (row: LineListRow) => void): AsyncGenerator<LineListRow[]> {
    const group = (groups: Map<string, LineListRow[]>, row: LineListRow) => {
      const key = patientKey(row);
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [row]);
      else if (rows.length < MOST_ROWS_A_PATIENT) rows.push(row);
      else onSurplus(row);
    };
    if (!this.#isSpilled) {
      const groups = new Map<string, LineListRow[]>();
      for (const row of this.#rows) group(groups, row);
      this.#rows = [];
      yield* groups.values();
      return;
    }
    for (let partition = 0; partition < PARTITIONS; partition++) this.#seal(partition);
    await this.drain();
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const groups = new Map<string, LineListRow[]>();
      for (const { offset, length } of this.#places[partition] ?? []) {
        const bytes = length > block.length ? Buffer.allocUnsafe(length) : block;
        await readWhole(this.#file!, bytes, length, offset);
        for (let at = 0; at < length;) {
          const { row, end } = decodeRow(bytes, at);
          group(groups, row);
          at = end;
        }
      }
      yield* groups.values();
    }
  }

  /** Gives file and memory back, from any state, as often as one likes. */
  async close(): Promise<void> {
    this.#rows = [];
    this.#blocks = [];
    this.#pending = [];
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #encode(row: LineListRow): void {
    const length = encodeRow(row, this.#scratch, 0);
    const partition = this.#partitionOf(patientKey(row));
    if (this.#used[partition]! + length > BLOCK_BYTES) this.#seal(partition);
    if (length > BLOCK_BYTES) {
      this.#pending.push({ partition, bytes: Buffer.from(this.#scratch.subarray(0, length)) });
      return;
    }
    const block = (this.#blocks[partition] ??= Buffer.allocUnsafeSlow(BLOCK_BYTES));
    this.#scratch.copy(block, this.#used[partition], 0, length);
    this.#used[partition]! += length;
  }

  #seal(partition: number): void {
    const block = this.#blocks[partition];
    const used = this.#used[partition]!;
    if (block === undefined || used === 0) return;
    this.#pending.push({ partition, bytes: block.subarray(0, used) });
    this.#blocks[partition] = undefined;
    this.#used[partition] = 0;
  }

  /** FNV-1a from a random start: nobody can choose ids that all fall into one part. */
  #partitionOf(key: string): number {
    let hash = this.#seed;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return ((hash ^ (hash >>> 16) ^ (hash >>> 8)) >>> 0) % PARTITIONS;
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}

async function readWhole(file: FileHandle, into: Buffer, length: number, offset: number): Promise<void> {
  for (let have = 0; have < length;) {
    const { bytesRead } = await file.read(into, have, length - have, offset + have);
    if (bytesRead === 0) throw new Error('the file of rows is shorter than what was written');
    have += bytesRead;
  }
}

import { randomInt } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { namelessFile } from '#patients/sources/nameless-file.ts';

const PARTITIONS = 256;
const BYTES_IN_MEMORY = 16 * 1024 ** 2;
const BLOCK_BYTES = 32 * 1024;
/** Length of the key, length of the piece, line: uint16, uint32, float64. */
const HEAD_BYTES = 14;
const MAX_KEY_BYTES = 0xffff;

export type Piece = { readonly bytes: Buffer; readonly line: number };
export type Group = { readonly key: string; readonly pieces: readonly Piece[]; readonly dropped: number };

type Block = { partition: number; bytes: Buffer };

export type GroupedPiecesOptions = {
  folder?: string;
  bytesInMemory?: number;
  /** Of a group: what lies beyond is counted in `dropped`. */
  maxGroupBytes?: number;
};

/**
 * Brings pieces of JSON that lie anywhere in an upload together by key. 16 MB stay in memory; beyond, they go, parted by a
 * keyed hash, to one file that has no name from the moment it is open and vanishes with the process or with `close`. Memory
 * then: 256 blocks of 32 KB and one part at a time, which is a 256th of the upload.
 */
export class GroupedPieces {
  readonly #folder: string;
  readonly #bytesInMemory: number;
  readonly #maxGroupBytes: number;
  readonly #seed = randomInt(2 ** 31);
  #held: { key: string; piece: Piece }[] = [];
  #heldBytes = 0;
  #isSpilled = false;
  readonly #blocks: (Buffer | undefined)[] = [];
  readonly #used = new Uint32Array(PARTITIONS);
  readonly #places: { offset: number; length: number }[][] = [];
  #pending: Block[] = [];
  /** Blocks that were written, to be filled again. */
  readonly #free: Buffer[] = [];
  #file: FileHandle | undefined;
  #fileBytes = 0;

  constructor(options: GroupedPiecesOptions = {}) {
    this.#folder = options.folder ?? tmpdir();
    this.#bytesInMemory = options.bytesInMemory ?? BYTES_IN_MEMORY;
    this.#maxGroupBytes = options.maxGroupBytes ?? 16 * 1024 ** 2;
  }

  /** Copies the bytes. */
  add(key: string, bytes: Buffer, line: number): void {
    if (this.#isSpilled) {
      this.#encode(key, bytes, line);
      return;
    }
    this.#held.push({ key, piece: { bytes: Buffer.from(bytes), line } });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= this.#bytesInMemory) return;
    this.#isSpilled = true;
    for (const { key: held, piece } of this.#held) this.#encode(held, piece.bytes, piece.line);
    this.#held = [];
  }

  /** Writes what is full; to be awaited after each buffer of the upload. */
  async drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const blocks = this.#pending;
      this.#pending = [];
      const file = (this.#file ??= await namelessFile(this.#folder));
      let offset = this.#fileBytes;
      for (const { partition, bytes } of blocks) {
        (this.#places[partition] ??= []).push({ offset, length: bytes.length });
        offset += bytes.length;
      }
      await writeAll(
        file,
        blocks.map(({ bytes }) => bytes),
        this.#fileBytes,
      );
      this.#fileBytes = offset;
      for (const { bytes } of blocks)
        if (bytes.buffer.byteLength === BLOCK_BYTES) this.#free.push(Buffer.from(bytes.buffer));
    }
  }

  /** Every group once; in the order of the upload where it was small. */
  async *groups(): AsyncGenerator<Group> {
    if (!this.#isSpilled) {
      const groups = new Map<string, MutableGroup>();
      for (const { key, piece } of this.#held) this.#group(groups, key, piece);
      this.#held = [];
      yield* groups.values();
      return;
    }
    for (let partition = 0; partition < PARTITIONS; partition++) this.#seal(partition);
    await this.drain();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const groups = new Map<string, MutableGroup>();
      for (const { offset, length } of this.#places[partition] ?? []) {
        const bytes = Buffer.allocUnsafeSlow(length);
        await this.#file!.read(bytes, 0, length, offset);
        for (let at = 0; at < length;) {
          const keyEnd = at + HEAD_BYTES + bytes.readUInt16LE(at);
          const end = keyEnd + bytes.readUInt32LE(at + 2);
          const line = bytes.readDoubleLE(at + 6);
          const key = bytes.toString('utf8', at + HEAD_BYTES, keyEnd);
          this.#group(groups, key, { bytes: bytes.subarray(keyEnd, end), line });
          at = end;
        }
      }
      yield* groups.values();
    }
  }

  /** Gives file and memory back, from any state, as often as one likes. */
  async close(): Promise<void> {
    this.#held = [];
    this.#pending = [];
    this.#blocks.length = 0;
    this.#free.length = 0;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #group(groups: Map<string, MutableGroup>, key: string, piece: Piece): void {
    let group = groups.get(key);
    if (group === undefined) {
      group = { key, pieces: [], dropped: 0, bytes: 0 };
      groups.set(key, group);
    }
    group.bytes += piece.bytes.length;
    if (group.bytes > this.#maxGroupBytes) group.dropped++;
    else group.pieces.push(piece);
  }

  #encode(key: string, bytes: Buffer, line: number): void {
    const keyBytes = Buffer.from(key).subarray(0, MAX_KEY_BYTES);
    const partition = this.#partitionOf(keyBytes);
    const length = HEAD_BYTES + keyBytes.length + bytes.length;
    if (this.#used[partition]! + length > BLOCK_BYTES) this.#seal(partition);
    const isLong = length > BLOCK_BYTES;
    const block = isLong
      ? Buffer.allocUnsafeSlow(length)
      : (this.#blocks[partition] ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
    const at = isLong ? 0 : this.#used[partition]!;
    block.writeUInt16LE(keyBytes.length, at);
    block.writeUInt32LE(bytes.length, at + 2);
    block.writeDoubleLE(line, at + 6);
    keyBytes.copy(block, at + HEAD_BYTES);
    bytes.copy(block, at + HEAD_BYTES + keyBytes.length);
    if (isLong) this.#pending.push({ partition, bytes: block });
    else this.#used[partition] = at + length;
  }

  #seal(partition: number): void {
    const used = this.#used[partition]!;
    if (used === 0) return;
    this.#pending.push({ partition, bytes: this.#blocks[partition]!.subarray(0, used) });
    this.#blocks[partition] = undefined;
    this.#used[partition] = 0;
  }

  #partitionOf(key: Buffer): number {
    let hash = this.#seed ^ 0x811c9dc5;
    for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
    return (hash ^ (hash >>> 15)) & (PARTITIONS - 1);
  }
}

/** A write may take less than it is given: the rest is written after it, and a full disk then says so. */
async function writeAll(file: FileHandle, buffers: readonly Buffer[], offset: number): Promise<void> {
  const length = buffers.reduce((sum, { length }) => sum + length, 0);
  let { bytesWritten } = await file.writev(buffers, offset);
  if (bytesWritten === length) return;
  const all = Buffer.concat(buffers);
  while (bytesWritten < length)
    bytesWritten += (await file.write(all, bytesWritten, length - bytesWritten, offset + bytesWritten))
      .bytesWritten;
}

type MutableGroup = { key: string; pieces: Piece[]; dropped: number; bytes: number };

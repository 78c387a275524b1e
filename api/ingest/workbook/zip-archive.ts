import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { damaged, notAWorkbook, tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';

/** Bytes of a file at a position; fewer than asked for at its end. */
export type ReadAt = (position: number, length: number) => Buffer;

type Entry = {
  name: string;
  method: number;
  encrypted: boolean;
  crc: number;
  packedBytes: number;
  bytes: number;
  offset: number;
};

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MOST_COMMENT_BYTES = 0xffff;
const MOST_DIRECTORY_BYTES = 4 * 1024 ** 2;
const PIECE_BYTES = 64 * 1024;

/**
 * Parts of a ZIP archive by its central directory (APPNOTE 6.3.10, ZIP64 with it), so that data descriptors and any
 * order of parts are no matter. Sizes and checksums are held to: a part that unpacks to more than it declares stops there.
 * Throws `invalid_body` for what is no whole archive, `workbook_too_large` beyond a limit.
 */
export class ZipArchive {
  readonly #readAt: ReadAt;
  readonly #limits: WorkbookLimits;
  readonly #entries = new Map<string, Entry>();
  #unpackedBytes = 0;

  constructor(readAt: ReadAt, fileBytes: number, limits: WorkbookLimits) {
    this.#readAt = readAt;
    this.#limits = limits;
    const { offset, bytes, count } = findDirectory(readAt, fileBytes);
    if (count > limits.zipEntries || bytes > MOST_DIRECTORY_BYTES)
      throw tooLarge(`has more than ${limits.zipEntries} parts`);
    this.#readDirectory(whole(readAt, offset, bytes), count);
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  /** Unpacked, in pieces that stay valid. `mostBytes` is the part's own limit, `what` its name in a refusal. */
  async *part(name: string, mostBytes: number, what: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(name.toLowerCase());
    if (entry === undefined) throw damaged(`it names a part that it does not hold (${what})`);
    if (entry.encrypted) {
      throw notAWorkbook('The ZIP archive is protected by a password; remove it.');
    }
    if (entry.bytes > mostBytes)
      throw tooLarge(`unpacks to more than ${Math.floor(mostBytes / 1024 ** 2)} MB in ${what}`);
    let bytes = 0;
    let crc = 0;
    for await (const piece of this.#unpacked(entry, what)) {
      bytes += piece.length;
      this.#unpackedBytes += piece.length;
      if (bytes > entry.bytes) throw damaged(`${what} unpacks to more than it declares`);
      if (this.#unpackedBytes > this.#limits.totalBytes)
        throw tooLarge(`unpacks to more than ${Math.floor(this.#limits.totalBytes / 1024 ** 2)} MB`);
      crc = crc32(piece, crc);
      yield piece;
    }
    if (bytes !== entry.bytes || crc !== entry.crc) throw damaged(`the checksum of ${what} does not fit`);
  }

  async *#unpacked(entry: Entry, what: string): AsyncGenerator<Buffer> {
    if (entry.method === 0) {
      yield* this.#packed(entry);
      return;
    }
    if (entry.method !== 8) throw notAWorkbook('The ZIP archive is packed in a way that Excel does not use.');
    const inflate = createInflateRaw({ chunkSize: PIECE_BYTES });
    // The iteration below reports the failure; the callback keeps it from being thrown a second time.
    pipeline(Readable.from(this.#packed(entry)), inflate, () => undefined);
    try {
      for await (const piece of inflate) yield piece as Buffer;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
      throw damaged(`${what} cannot be unpacked`, error);
    }
  }

  *#packed(entry: Entry): Generator<Buffer> {
    const local = whole(this.#readAt, entry.offset, LOCAL_BYTES);
    if (local.readUInt32LE(0) !== LOCAL) throw damaged('a part is not where the table of contents says');
    const start = entry.offset + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
    for (let done = 0; done < entry.packedBytes; done += PIECE_BYTES)
      yield whole(this.#readAt, start + done, Math.min(PIECE_BYTES, entry.packedBytes - done));
  }

  #readDirectory(directory: Buffer, count: number): void {
    let at = 0;
    for (let index = 0; index < count; index++) {
      if (at + CENTRAL_BYTES > directory.length || directory.readUInt32LE(at) !== CENTRAL)
        throw damaged('its table of contents is not whole');
      const nameEnd = at + CENTRAL_BYTES + directory.readUInt16LE(at + 28);
      const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
      if (extraEnd > directory.length) throw damaged('its table of contents is not whole');
      const name = directory
        .toString('utf8', at + CENTRAL_BYTES, nameEnd)
        .replaceAll('\\', '/')
        .toLowerCase();
      if (this.#entries.has(name)) throw damaged('a part occurs twice');
      this.#entries.set(name, {
        name,
        method: directory.readUInt16LE(at + 10),
        encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
        crc: directory.readUInt32LE(at + 16),
        ...sizes(directory, at, directory.subarray(nameEnd, extraEnd)),
      });
      at = extraEnd + directory.readUInt16LE(at + 32);
    }
  }
}

/** The 32-bit sizes, or those of the ZIP64 extra field, which holds only the ones that do not fit, in this order. */
function sizes(
  directory: Buffer,
  at: number,
  extra: Buffer,
): Pick<Entry, 'bytes' | 'packedBytes' | 'offset'> {
  const fields = [24, 20, 42].map((field) => directory.readUInt32LE(at + field));
  if (fields.includes(0xffffffff)) {
    let values: Buffer | undefined;
    for (let from = 0; from + 4 <= extra.length; from += 4 + extra.readUInt16LE(from + 2))
      if (extra.readUInt16LE(from) === 1)
        values = extra.subarray(from + 4, from + 4 + extra.readUInt16LE(from + 2));
    let from = 0;
    for (const [index, field] of fields.entries()) {
      if (field !== 0xffffffff) continue;
      if (values === undefined || from + 8 > values.length)
        throw damaged('its table of contents is not whole');
      fields[index] = Number(values.readBigUInt64LE(from));
      from += 8;
    }
  }
  const [bytes = 0, packedBytes = 0, offset = 0] = fields;
  return { bytes, packedBytes, offset };
}

function findDirectory(readAt: ReadAt, fileBytes: number): { offset: number; bytes: number; count: number } {
  const tailBytes = Math.min(fileBytes, END_BYTES + MOST_COMMENT_BYTES);
  const tail = whole(readAt, fileBytes - tailBytes, tailBytes);
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(END);
  const at = tail.lastIndexOf(signature, tail.length - END_BYTES);
  if (at < 0) throw damaged('its end is missing, the file or the upload was cut short');
  const end = {
    offset: tail.readUInt32LE(at + 16),
    bytes: tail.readUInt32LE(at + 12),
    count: tail.readUInt16LE(at + 10),
  };
  if (end.offset !== 0xffffffff && end.bytes !== 0xffffffff && end.count !== 0xffff) return end;
  const locatorAt = fileBytes - tailBytes + at - 20;
  if (locatorAt < 0) throw damaged('its table of contents is not whole');
  const locator = whole(readAt, locatorAt, 20);
  if (locator.readUInt32LE(0) !== END_64_LOCATOR) return end;
  const end64 = whole(readAt, Number(locator.readBigUInt64LE(8)), 56);
  if (end64.readUInt32LE(0) !== END_64) throw damaged('its table of contents is not whole');
  return {
    offset: Number(end64.readBigUInt64LE(48)),
    bytes: Number(end64.readBigUInt64LE(40)),
    count: Number(end64.readBigUInt64LE(32)),
  };
}

function whole(readAt: ReadAt, position: number, length: number): Buffer {
  if (!Number.isSafeInteger(position + length)) throw damaged('its table of contents is not whole');
  const bytes = readAt(position, length);
  if (bytes.length < length) throw damaged('it ends too early, the file or the upload was cut short');
  return bytes;
}

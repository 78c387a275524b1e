import { notAWorkbook } from './faults.ts';

const ZIP = Buffer.from('PK');
/** Compound File Binary: the format of old Office files, and of encrypted new ones (MS-OFFCRYPTO 2.3). */
const COMPOUND = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
export const SIGNATURE_BYTES = 8;
const ENCRYPTED = Buffer.from('EncryptedPackage', 'utf16le');
const OLD_WORKBOOK = [Buffer.from('Workbook', 'utf16le'), Buffer.from('Book', 'utf16le')];
const HEADER_BYTES = 512;
const DIRECTORY_BYTES = 64 * 1024;

export type Container = 'zip' | 'compound';

/** By a file's first 8 bytes (fewer: a file that short). Throws `invalid_body` for what is no kind of workbook. */
export function containerOf(start: Uint8Array): Container {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.subarray(0, ZIP.length).equals(ZIP)) return 'zip';
  if (bytes.subarray(0, COMPOUND.length).equals(COMPOUND)) return 'compound';
  throw notAWorkbook('The body is no workbook: it does not begin like one.');
}

/** Says which kind of compound file it is, from its directory, by throwing `invalid_body`. */
export async function refuseCompound(
  readAt: (position: number, length: number) => Promise<Buffer>,
): Promise<never> {
  const header = await readAt(0, HEADER_BYTES);
  const sectorBytes = header.length < HEADER_BYTES ? 0 : 2 ** Math.min(header.readUInt16LE(30), 12);
  const directory =
    sectorBytes === 0 ? header : await readAt((header.readUInt32LE(48) + 1) * sectorBytes, DIRECTORY_BYTES);
  if (directory.includes(ENCRYPTED)) {
    throw notAWorkbook('The workbook is protected by a password: remove it (File, Info, Protect Workbook).');
  }
  if (OLD_WORKBOOK.some((name) => directory.includes(name))) {
    throw notAWorkbook('The body is a workbook of Excel 97–2003 (.xls).');
  }
  throw notAWorkbook('The body is an Office file, but no workbook.');
}

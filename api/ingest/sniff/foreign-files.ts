import { ServiceError } from '#shared/errors/errors.ts';
import type { TextEncoding } from './encoding.ts';

const OLD_WORKBOOK =
  'The file is an old Excel workbook (.xls) or is protected by a password; save it as .xlsx without one, or as CSV.';

/** Files that are known by their first bytes and are not read, each with the remedy. */
const KNOWN: readonly (readonly [hex: string, sentence: string])[] = [
  ['d0cf11e0a1b11ae1', OLD_WORKBOOK],
  ['09000400', OLD_WORKBOOK],
  ['09020600', OLD_WORKBOOK],
  ['09040600', OLD_WORKBOOK],
  ['09080800', OLD_WORKBOOK],
  ['09081000', OLD_WORKBOOK],
  ['25504446', 'The file is a PDF; send a CSV, a workbook or JSON.'],
  ['1f8b', 'The body is compressed twice; compress it once.'],
  ['28b52ffd', 'The body is compressed twice; compress it once.'],
  ['52617221', 'The file is a RAR archive; send the table in it.'],
  ['377abcaf271c', 'The file is a 7-Zip archive; send the table in it.'],
  ['53514c69746520666f726d6174', 'The file is an SQLite database; send the table as CSV.'],
  ['50415245', 'The Parquet file is encrypted; send it decrypted: the connection protects it on its way.'],
];

const HTML = /^<(?:!doctype|html|head|body|meta|style|table|div|script)\b/iu;
const XML = /^<(?:\?xml|[a-z]{1,20}:|workbook\b)/iu;
/** Looked at for bytes that no text has. */
const BINARY_BYTES = 4_096;
const BINARY_SHARE = 0.05;

/** Throws `unsupported_media_type` for a file that is known and not read. */
export function refuseKnown(head: Buffer): void {
  for (const [hex, sentence] of KNOWN)
    if (head.subarray(0, hex.length / 2).toString('hex') === hex) throw unsupported(sentence);
}

/** As `refuseKnown`, for pages, other markup, and what is no text at all. */
export function refuseForeign(head: Buffer, text: string, encoding: TextEncoding): void {
  const start = text.slice(0, 2_000).trimStart();
  if (HTML.test(start) || /^MIME-Version:/iu.test(start)) {
    throw unsupported(
      'The file is an HTML page: some programs save a table so under the name .xls, and some answer with their sign-in page. Open it in Excel and save it as .xlsx or CSV.',
    );
  }
  if (XML.test(start)) {
    throw unsupported(
      'The file is XML (such as “XML Spreadsheet 2003”). Open it in Excel and save it as .xlsx or CSV.',
    );
  }
  if (encoding.startsWith('utf-16')) return;
  const first = head.subarray(0, BINARY_BYTES);
  let foreign = 0;
  for (const byte of first)
    if (byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1a && byte !== 0x1b)) foreign++;
  if (foreign > first.length * BINARY_SHARE && foreign > 8) {
    throw unsupported('The file is no text, workbook or JSON; send a CSV, an .xlsx workbook or JSON.');
  }
}

function unsupported(sentence: string): ServiceError {
  return new ServiceError('unsupported_media_type', sentence);
}

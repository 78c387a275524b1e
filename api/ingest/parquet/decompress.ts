import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Compressors, snappyUncompress } from 'hyparquet';

/**
 * How pages are unpacked: by Node's own decoders, into no more than what the page's header says. LZ4 and LZO, which Node has
 * not, are refused before.
 */
export const COMPRESSORS: Compressors = {
  SNAPPY: (input, outputLength) => {
    const output = new Uint8Array(outputLength);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, outputLength) => gunzipSync(input, { maxOutputLength: atLeastOne(outputLength) }),
  BROTLI: (input, outputLength) => brotliDecompressSync(input, { maxOutputLength: atLeastOne(outputLength) }),
  ZSTD: (input, outputLength) => zstdDecompressSync(input, { maxOutputLength: atLeastOne(outputLength) }),
};

export const READ_CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', ...Object.keys(COMPRESSORS)]);

/** A bound of nothing is none to zlib. */
function atLeastOne(bytes: number): number {
  return Math.max(1, bytes);
}

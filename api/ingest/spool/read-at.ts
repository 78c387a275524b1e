import { readSync } from 'node:fs';

/** Bytes of an open file from a place on, fewer where it ends. */
export type ReadAt = (position: number, length: number) => Buffer<ArrayBuffer>;

/** Reads a file that stays open; for threads, which may wait for the disk. */
export function readAtOf(fileDescriptor: number, fileBytes: number): ReadAt {
  return (position, length) => {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, fileBytes - position)));
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(fileDescriptor, bytes, done, bytes.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  };
}

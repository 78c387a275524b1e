import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Upload } from '#client/index.ts';
import { CommandError } from './exit.ts';

/** A file to send, or standard input. */
export type InputFile = {
  /** As people call it. */
  name: string;
  /** undefined for standard input. */
  bytes: number | undefined;
  /** Standard input can be read once. */
  isRepeatable: boolean;
  /** Reads it anew; `onBytes` is told as it goes. */
  upload: (onBytes?: (sent: number) => void) => Upload;
  /** SHA-256 of the content, hex; undefined for standard input. */
  digest: () => Promise<string | undefined>;
};

/** @throws CommandError where there is no such file. */
export async function openInput(file: string): Promise<InputFile> {
  if (file === '-') {
    return {
      name: 'standard input',
      bytes: undefined,
      isRepeatable: false,
      upload: (onBytes) => () => counted(process.stdin, onBytes),
      digest: async () => undefined,
    };
  }
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read (${error.code}).`);
  });
  if (!found.isFile()) throw new CommandError(`${file} is no file.`);
  return {
    name: basename(file),
    bytes: found.size,
    isRepeatable: true,
    upload: (onBytes) => () => counted(createReadStream(file), onBytes),
    digest: async () => {
      const hash = createHash('sha256');
      for await (const part of createReadStream(file)) hash.update(part as Buffer);
      return hash.digest('hex');
    },
  };
}

async function* counted(
  parts: AsyncIterable<Uint8Array>,
  onBytes: ((sent: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const part of parts) {
    yield part;
    sent += part.length;
    onBytes?.(sent);
  }
}

/** A small file whole, or standard input. @throws CommandError beyond `mostBytes`. */
export async function readSmall(file: string, mostBytes: number): Promise<Buffer> {
  if (file !== '-') {
    const { bytes } = await openInput(file);
    if ((bytes ?? 0) > mostBytes) throw tooLarge(file, mostBytes);
    return await readFile(file);
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    bytes += (part as Buffer).length;
    if (bytes > mostBytes) throw tooLarge('Standard input', mostBytes);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function tooLarge(name: string, mostBytes: number): CommandError {
  return new CommandError(
    `${name} is larger than ${Math.round(mostBytes / 1024 ** 2)} MiB: send it in parts.`,
  );
}

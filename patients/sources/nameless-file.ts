import { randomInt } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** A new file in the folder that only its handle reaches: it vanishes with the process or with the handle. */
export async function namelessFile(folder: string): Promise<FileHandle> {
  const name = path.join(folder, `iit-${process.pid}-${randomInt(2 ** 47)}.part`);
  const file = await open(name, 'wx+', 0o600);
  try {
    await unlink(name);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from '#dev/local-services/postgres-server.ts';

const run = promisify(execFile);

/** A data folder whose tables lie on a disk of their own that a test can fill; the log of PostgreSQL does not. */
export type SmallDisk = AsyncDisposable & {
  /** Ready for startPostgres. */
  readonly dataDir: string;
  /** Leaves no byte. */
  readonly fill: () => Promise<void>;
  readonly free: () => Promise<void>;
};

const BLOCK = Buffer.alloc(1024 ** 2);
const PAGE_BYTES = 4_096;

/** Undefined where this user may not mount. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  if (userInfo().uid !== 0 || process.platform !== 'linux') return undefined;
  await using made = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-small-disk-'));
  await chmod(folder, 0o755);
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const dataDir = path.join(folder, 'data');
  await using server = await startPostgres({ dataDir });
  await server.stop();
  const tables = path.join(dataDir, 'base');
  const full = path.join(folder, 'base');
  await rename(tables, full);
  await mkdir(tables);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', tables]);
  } catch {
    return undefined;
  }
  made.defer(() => run('umount', ['-l', tables]).then(() => undefined));
  await run('chown', ['--reference', full, tables]);
  await run('chmod', ['--reference', full, tables]);
  await run('cp', ['-a', `${full}/.`, tables]);
  const filler = path.join(tables, 'filler');
  const kept = made.move();
  return {
    dataDir,
    fill: async () => {
      const file = await open(filler, 'a');
      try {
        for (const piece of [BLOCK, BLOCK.subarray(0, PAGE_BYTES)]) await appendUntilFull(file, piece);
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function appendUntilFull(file: FileHandle, piece: Buffer): Promise<void> {
  try {
    for (;;) await file.appendFile(piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

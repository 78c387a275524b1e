import { readdir, readFile } from 'node:fs/promises';

const TICKS_PER_SECOND = 100;

type Stat = { parent: number; own: number; reaped: number };

/**
 * CPU seconds of a process, its living children and the children that it has reaped (Linux). Holds on a busy machine,
 * where time by the clock does not.
 */
export async function cpuSeconds(pid: number): Promise<number> {
  const stats = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/u.test(name))
      .map(async (name) => [Number(name), await statOf(name)] as const),
  );
  let ticks = 0;
  for (const [id, stat] of stats) {
    if (stat === undefined || (id !== pid && stat.parent !== pid)) continue;
    ticks += stat.own + (id === pid ? stat.reaped : 0);
  }
  return ticks / TICKS_PER_SECOND;
}

async function statOf(pid: string): Promise<Stat | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, own: utime + stime, reaped: cutime + cstime };
  } catch {
    return undefined;
  }
}

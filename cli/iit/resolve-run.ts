import type { IitClient, Job } from '#client/index.ts';
import { CommandError } from './exit.ts';

const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;
const LOOKED_AT = 200;

/**
 * The run that somebody means: an id, the beginning of one, `latest`, or a name, whose newest it is.
 * @throws CommandError where there is none, or where the beginning fits several.
 */
export async function resolveRun(client: IitClient, meant: string): Promise<string> {
  if (WHOLE_ID.test(meant)) return meant;
  const isLatest = meant === 'latest';
  const found: Job[] = [];
  for await (const job of client.jobs({
    limit: isLatest ? 1 : 100,
    ...(isLatest ? {} : { search: meant }),
  })) {
    found.push(job);
    if (isLatest || found.length >= LOOKED_AT) break;
  }
  const [first] = found;
  if (isLatest && first !== undefined) return first.id;
  const named = found.find(({ name }) => name === meant);
  if (named !== undefined) return named.id;
  const begun = found.filter(({ id }) => id.startsWith(meant.toLowerCase()));
  if (begun.length === 1) return begun[0]!.id;
  if (begun.length > 1)
    throw new CommandError(`"${meant}" begins ${begun.length} runs: write more of the id.`);
  throw new CommandError(`There is no run "${meant}"; iit runs ls lists them.`);
}

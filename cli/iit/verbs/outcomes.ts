import { splitCsvLine } from '#api/ingest/csv-cells.ts';
import type { Schemas } from '#client/index.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../exit.ts';
import { readSmall } from '../input.ts';
import { count } from '../output.ts';

type Outcome = Schemas['Outcome'];
/** With the line that it stands on, or its place in an array, from 1. */
type Placed = { outcome: Outcome; line: number };

const MOST_BYTES = 256 * 1024 ** 2;
const BATCH = 5_000;
const COLUMNS = ['patient_id', 'job_id', 'row', 'outcome', 'date'];

export async function outcomes({ client, out }: Context, file: string): Promise<void> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(await readSmall(file, MOST_BYTES));
  const placed = /^\s*[[{]/u.test(text) ? readJson(text) : readCsv(text);
  if (placed.length === 0) throw new CommandError(`${file} has no outcomes.`);
  const api = await client();
  let matched = 0;
  const unmatched: { line: number; code: string }[] = [];
  for (let from = 0; from < placed.length; from += BATCH) {
    const batch = placed.slice(from, from + BATCH);
    // A later word on the same prediction replaces the earlier: the same batch twice is the same.
    const filed = await api.call(
      (http, fetch) => http.POST('/v1/outcomes', { body: batch.map(({ outcome }) => outcome), fetch }),
      { isRepeatable: true },
    );
    matched += filed.matched;
    for (const { index, code } of filed.unmatched) unmatched.push({ line: batch[index]?.line ?? 0, code });
  }
  if (out.json) return out.document({ matched, unmatched });
  out.say(`${count(matched)} of ${count(placed.length)} outcomes are filed.`);
  if (unmatched.length > 0)
    await out.table(
      ['line', 'not filed because'],
      unmatched.map(({ line, code }) => [line, REASONS[code] ?? code]),
    );
  return undefined;
}

const REASONS: Record<string, string> = {
  no_prediction: 'no prediction that it could answer',
  window_open: 'the 90 days of the prediction are not over',
};

function readJson(text: string): Placed[] {
  try {
    const whole = text.trimStart().startsWith('[')
      ? (JSON.parse(text) as Outcome[])
      : text.split('\n').flatMap((line) => (line.trim() === '' ? [] : (JSON.parse(line) as Outcome)));
    return whole.map((outcome, at) => ({ outcome, line: at + 1 }));
  } catch (error) {
    throw new CommandError('The file is neither an array in JSON nor an object a line.', 1, { cause: error });
  }
}

function readCsv(text: string): Placed[] {
  const lines = text.replace(/^\uFEFF/u, '').split(/\r?\n/u);
  const heads = splitCsvLine(lines[0] ?? '', ',').map((head) => head.trim().toLowerCase());
  const unknown = heads.filter((head) => !COLUMNS.includes(head));
  if (unknown.length > 0 || !heads.includes('outcome') || !heads.includes('date'))
    throw new CommandError(
      `The first line must name some of ${COLUMNS.join(', ')}, outcome and date among them.`,
    );
  return lines.slice(1).flatMap((line, at) => {
    if (line.trim() === '') return [];
    const cells = splitCsvLine(line, ',');
    const entries = heads.flatMap((head, place) => {
      const cell = cells[place]?.trim() ?? '';
      return cell === '' ? [] : [[head, head === 'row' ? Number(cell) : cell] as const];
    });
    return { outcome: Object.fromEntries(entries) as unknown as Outcome, line: at + 2 };
  });
}

import type { Context } from '../context.ts';
import { CommandError } from '../exit.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkDisk, checkModelFile, checkNode } from '../doctor/machine.ts';
import { checkQueue } from '../doctor/queue.ts';
import { checkService } from '../doctor/service.ts';
import type { Finding } from '../doctor/finding.ts';

const MARKS = {
  ok: ['green', '✓'],
  warn: ['yellow', '!'],
  fail: ['red', '✗'],
  skipped: ['dim', '–'],
} as const;

/**
 * Looks at everything that it can reach from here and changes nothing.
 * @throws CommandError where something must be mended.
 */
export async function doctor(context: Context): Promise<void> {
  const { out } = context;
  const findings: Finding[] = [];
  for (const look of [checkNode, checkDisk, checkModelFile, checkDatabase, checkQueue, checkService]) {
    for (const finding of await look(context)) {
      findings.push(finding);
      if (!out.json) tell(out, finding);
    }
  }
  if (out.json) out.document(findings);
  const bad = findings.filter(({ status }) => status === 'fail');
  if (bad.length > 0)
    throw new CommandError(
      `${bad.length} of ${findings.length} must be mended: ${bad.map(({ name }) => name).join(', ')}.`,
    );
  out.say('Nothing must be mended.');
}

function tell(out: Context['out'], { name, status, detail, remedy }: Finding): void {
  const [color, mark] = MARKS[status];
  out.line(`${out.paint(color, mark)} ${name.padEnd(14)} ${detail}`);
  if (remedy !== undefined) out.line(`  ${''.padEnd(14)} → ${remedy}`);
}

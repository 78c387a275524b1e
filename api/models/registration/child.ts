/**
 * The process in which a registered model is read for the first time: it may die alone. One line of JSON on stdin
 * (`{"type": <Content-Type>}`), then the request's body; one line on stdout, then the model's text where it is fit.
 */
import { parseForm } from './parse-form.ts';
import { judgeModel } from './judge-model.ts';
import type { ChildAnswer } from './run-child.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const NEWLINE = 0x0a;

async function main(): Promise<[ChildAnswer, Uint8Array]> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  const input = Buffer.concat(parts);
  const end = input.indexOf(NEWLINE);
  const { type } = JSON.parse(input.toString('utf8', 0, end)) as { type: string };
  try {
    const files = await parseForm(type, input.subarray(end + 1));
    return [{ manifest: judgeModel(files) }, files.model];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message, field, details } = error;
    return [{ refusal: { code, message, field, details } }, new Uint8Array()];
  }
}

const [answer, text] = await main();
process.stdout.write(`${JSON.stringify(answer)}\n`);
process.stdout.write(text);

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#shared/clock/clock.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';

type Refusal = {
  code: ErrorCode;
  message: string;
  field: string | undefined;
  details: Record<string, unknown>;
};
/** What the child says of a body. */
export type ChildAnswer = { manifest: ModelManifest } | { refusal: Refusal };

export type JudgedModel = { manifest: ModelManifest; text: Buffer };

export type ModelJudge = {
  /**
   * Reads, prepares, scores and explains an uploaded model in a process of its own, with limits on time and memory. A body
   * that was refused is refused again from memory. Throws `model_invalid` and what else the child refuses with;
   * `overloaded` while another model is being judged.
   */
  judge: (body: Buffer, contentType: string) => Promise<JudgedModel>;
};

export type ModelJudgeOptions = {
  clock: Clock;
  log: Logger;
  deadlineMs?: number;
  /** Of the child's JavaScript heap. */
  heapMb?: number;
  /** Of all of the child; looked at where the system tells (Linux). */
  residentMb?: number;
};

const DEADLINE_MS = 60_000;
const HEAP_MB = 256;
const RESIDENT_MB = 600;
const LOOK_MS = 50;
const REFUSALS_KEPT = 200;
const REFUSED_FOR_MS = 600_000;
const MOST_ERROR_TEXT = 4_000;
const PAGE_BYTES = 4_096;
const SCRIPT = path.join(import.meta.dirname, 'child.ts');

export function createModelJudge(options: ModelJudgeOptions): ModelJudge {
  const { clock, log } = options;
  const refused = new LRUCache<string, { refusal: Refusal; atMs: number }>({ max: REFUSALS_KEPT });
  let busy = false;
  return {
    judge: async (body, contentType) => {
      const digest = createHash('sha256').update(contentType).update('\0').update(body).digest('hex');
      const known = refused.get(digest);
      if (known !== undefined && clock.nowMs() - known.atMs < REFUSED_FOR_MS) throw errorOf(known.refusal);
      if (busy) {
        throw new ServiceError('overloaded', 'Another model is being judged; try again.', {
          retryable: true,
        });
      }
      busy = true;
      try {
        const { answer, text } = await inChild(body, contentType, options);
        if ('manifest' in answer) return { manifest: answer.manifest, text };
        refused.set(digest, { refusal: answer.refusal, atMs: clock.nowMs() });
        log.info({ code: answer.refusal.code }, 'a model was refused');
        throw errorOf(answer.refusal);
      } finally {
        busy = false;
      }
    },
  };
}

function errorOf({ code, message, field, details }: Refusal): ServiceError {
  return new ServiceError(code, message, { ...(field === undefined ? {} : { field }), details });
}

type Outcome = { answer: ChildAnswer; text: Buffer };

async function inChild(body: Buffer, type: string, options: ModelJudgeOptions): Promise<Outcome> {
  const { log, deadlineMs = DEADLINE_MS, heapMb = HEAP_MB, residentMb = RESIDENT_MB } = options;
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, SCRIPT], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
  });
  let killedFor: string | undefined;
  const kill = (reason: string) => {
    killedFor ??= reason;
    child.kill('SIGKILL');
  };
  // Where memory runs out all the same, the kernel is to take the child and not the service.
  void writeFile(`/proc/${child.pid}/oom_score_adj`, '1000').catch(() => undefined);
  const deadline = setTimeout(() => kill(`it took longer than ${deadlineMs / 1_000} s`), deadlineMs);
  const look = setInterval(() => {
    void residentBytes(child.pid).then((bytes) => {
      if (bytes > residentMb * 1024 ** 2) kill(`it took more than ${residentMb} MB of memory`);
    });
  }, LOOK_MS);
  const output: Buffer[] = [];
  let errors = '';
  let outputBytes = 0;
  child.stdout.on('data', (part: Buffer) => {
    outputBytes += part.length;
    if (outputBytes > body.length + MOST_ERROR_TEXT * 100) kill('it said too much');
    else output.push(part);
  });
  child.stderr.on('data', (part: Buffer) => (errors = (errors + part.toString()).slice(0, MOST_ERROR_TEXT)));
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify({ type })}\n`);
  child.stdin.end(body);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const all = Buffer.concat(output);
    const end = all.indexOf('\n');
    if (code === 0 && killedFor === undefined && end >= 0) {
      return { answer: JSON.parse(all.toString('utf8', 0, end)) as ChildAnswer, text: all.subarray(end + 1) };
    }
    log.warn({ exit: code, killedFor, errors }, 'the process that judges a model ended early');
    return {
      answer: { refusal: unfit(killedFor ?? 'the process that read it died') },
      text: Buffer.alloc(0),
    };
  } finally {
    clearTimeout(deadline);
    clearInterval(look);
    child.kill('SIGKILL');
  }
}

function unfit(problem: string): Refusal {
  return {
    code: 'model_invalid',
    message: 'The model is too much for this service.',
    field: undefined,
    details: { problems: [problem] },
  };
}

/** 0 where the system does not tell. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  return Number(text.split(' ')[1] ?? 0) * PAGE_BYTES;
}

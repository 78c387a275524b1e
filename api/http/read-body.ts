import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reservation, MemoryBudget } from '#api/limits/memory-budget.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { abortedBody, BodyPace, type PaceLimits, RATE_WINDOW_MS } from './body-pace.ts';
import { discardRest } from './discard-rest.ts';

/** A whole body in memory, with its place in the budget. */
export type HeldBody = {
  bytes: Buffer;
  /** Whatever is made of the body is added here. */
  memory: Reservation;
};

/** A request whose body is wanted. */
export type BodyOf = { incoming: IncomingMessage; outgoing: ServerResponse; tenantId: number };

export type BodyReader = {
  /**
   * Reads a whole body, for routes whose bodies are small, and gives it to `use`; what it held of the memory budget is
   * free again when `use` has settled. Throws `body_too_large`, `unsupported_encoding` for a compressed one,
   * `upload_too_slow`, `upload_aborted` when the client went away, `overloaded` where the budget has no room.
   */
  read: <T>(request: BodyOf, maxBytes: number, use: (body: HeldBody) => Promise<T>) => Promise<T>;
};

export type BodyReaderOptions = PaceLimits & { memory: MemoryBudget };

type Waiting = { pace: BodyPace; bytes: number; fail: (error: unknown) => void };

/** Bodies that have not ended are looked at so often: no timer of their own, most end within a millisecond. */
const LOOK_MS = 1_000;

export function createBodyReader({ memory, ...limits }: BodyReaderOptions): BodyReader {
  const waiting = new Set<Waiting>();
  const lookMs = Math.min(LOOK_MS, limits.rateWindowMs ?? RATE_WINDOW_MS);
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    for (const body of waiting) {
      try {
        body.pace.note(body.bytes, lookMs);
        body.bytes = 0;
      } catch (error) {
        body.fail(error);
      }
    }
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const watch = (body: Waiting) => {
    waiting.add(body);
    timer ??= setInterval(look, lookMs).unref();
  };

  const receive = async (incoming: IncomingMessage, maxBytes: number, held: Reservation): Promise<Buffer> =>
    await new Promise<Buffer>((resolve, reject) => {
      const parts: Buffer[] = [];
      let length = 0;
      const body: Waiting = {
        pace: new BodyPace(limits),
        bytes: 0,
        fail: (error) => {
          if (waiting.delete(body)) reject(error);
        },
      };
      watch(body);
      // Listeners stay: taking them off again costs a request more than the request's JSON.
      incoming.on('data', (part: Buffer) => {
        if (!waiting.has(body)) return;
        length += part.length;
        body.bytes += part.length;
        if (length > maxBytes) return body.fail(tooLarge(maxBytes));
        try {
          held.add(part.length);
          parts.push(part);
        } catch (error) {
          body.fail(error);
        }
      });
      incoming.on('end', () => {
        if (waiting.delete(body)) resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
      });
      incoming.on('error', (error) => body.fail(abortedBody(error)));
      incoming.on('close', () => body.fail(abortedBody()));
    });

  return {
    read: async ({ incoming, outgoing, tenantId }, maxBytes, use) => {
      const held = memory.open(tenantId);
      try {
        const encoding = incoming.headers['content-encoding'];
        if (encoding !== undefined && encoding !== 'identity') {
          throw new ServiceError('unsupported_encoding', 'Send this body without a content encoding.');
        }
        if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
        return await use({ bytes: await receive(incoming, maxBytes, held), memory: held });
      } finally {
        held.release();
        discardRest(incoming, outgoing);
      }
    },
  };
}

function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError('body_too_large', `The body may have at most ${maxBytes} bytes.`);
}

import net from 'node:net';

export type LoadOptions = {
  url: string;
  path: string;
  headers: Record<string, string>;
  /** POSTed in turn; undefined: GET. */
  bodies?: readonly string[];
  seconds: number;
  connections: number;
  /** Evenly spaced requests a second, sent whether or not earlier ones are answered; undefined: as fast as answers come. */
  perSecond?: number;
  /** Counts answers other than 200 instead of throwing. */
  countErrors?: boolean;
};

export type LoadResult = {
  answered: number;
  /** Answers other than 200; part of `answered`. */
  errors: number;
  /** The first of those, whole. */
  firstError: string | undefined;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of every answer, ascending. */
  timesMs: readonly number[];
};

type Connection = { socket: net.Socket; received: Buffer; dueMs: number; busy: boolean };

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/**
 * Loads a service over keep-alive connections, one request at a time on each. Requests are bytes made beforehand and
 * answers are only measured: of the core that it shares with PostgreSQL it takes a third of what autocannon takes, which
 * otherwise is what the benchmark would measure. At a fixed rate a request's time counts from when it was due, so that a
 * stall counts against everyone whom it kept waiting. Throws on any answer other than 200 unless they are counted, and on a
 * connection that breaks.
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { url, path, headers, bodies, seconds, connections: count, perSecond } = options;
  const { hostname, port } = new URL(url);
  const head = Object.entries({ host: `${hostname}:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const requests = bodies?.map((body) =>
    Buffer.from(`POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  ) ?? [Buffer.from(`GET ${path} HTTP/1.1\r\n${head}\r\n`)];
  const timesMs: number[] = [];
  const idle: Connection[] = [];
  const overdueMs: number[] = [];
  const total = perSecond === undefined ? Infinity : Math.round(perSecond * seconds);
  let sent = 0;
  let errors = 0;
  let firstError: string | undefined;
  let endMs = Infinity;
  let timer: NodeJS.Timeout | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<void>();

  const send = (connection: Connection, dueMs: number) => {
    connection.busy = true;
    connection.dueMs = dueMs;
    connection.socket.write(requests[sent++ % requests.length]!);
  };
  const answered = (connection: Connection) => {
    const nowMs = performance.now();
    timesMs.push(nowMs - connection.dueMs);
    connection.busy = false;
    if (perSecond === undefined) {
      if (nowMs < endMs) send(connection, nowMs);
      else if (all.every(({ busy }) => !busy)) resolve();
      return;
    }
    const overdue = overdueMs.shift();
    if (overdue === undefined) idle.push(connection);
    else send(connection, overdue);
    if (timesMs.length === total) resolve();
  };
  const all = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      const connection: Connection = { socket, received: Buffer.alloc(0), dueMs: 0, busy: false };
      await new Promise((connected, failed) => socket.once('connect', connected).once('error', failed));
      socket.on('error', reject);
      socket.on('data', (data: Buffer) => {
        connection.received =
          connection.received.length === 0 ? data : Buffer.concat([connection.received, data]);
        let length: number | undefined;
        try {
          length = answerLength(connection.received);
        } catch (error) {
          reject(error instanceof Error ? error : new Error('an unreadable answer', { cause: error }));
          return;
        }
        if (length === undefined || connection.received.length < length) return;
        const status = connection.received.toString('latin1', 9, 12);
        if (status !== '200') {
          errors++;
          firstError ??= connection.received.toString('latin1');
        }
        connection.received = Buffer.alloc(0);
        if (status === '200' || options.countErrors === true) answered(connection);
        else reject(new Error(`${path} answered ${status}`));
      });
      return connection;
    }),
  );
  const startMs = performance.now();
  endMs = startMs + seconds * 1_000;
  try {
    if (perSecond === undefined) for (const connection of all) send(connection, startMs);
    else {
      idle.push(...all);
      let due = 0;
      const tick = () => {
        for (; due < total; due++) {
          const dueMs = startMs + (due * 1_000) / perSecond;
          if (dueMs > performance.now()) break;
          // The one that rested longest: a server closes a connection that stays silent.
          const connection = idle.shift();
          if (connection === undefined) overdueMs.push(dueMs);
          else send(connection, dueMs);
        }
        if (due < total) timer = setTimeout(tick, 1);
      };
      tick();
    }
    await promise;
  } finally {
    clearTimeout(timer);
    for (const { socket } of all) socket.destroy();
  }
  const sorted = timesMs.toSorted((a, b) => a - b);
  const quantile = (share: number) =>
    Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? NaN) * 100) / 100;
  return {
    answered: timesMs.length,
    errors,
    firstError,
    perSecond: (timesMs.length * 1_000) / (performance.now() - startMs),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    timesMs: sorted,
  };
}

/** Bytes of the answer whose start was received; undefined before its head is whole. */
function answerLength(received: Buffer): number | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const headers = received.toString('latin1', 0, end);
  if (/transfer-encoding: chunked/iu.test(headers)) {
    return received.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) ? received.length : undefined;
  }
  const [, length] = /content-length: (\d+)/iu.exec(headers) ?? [];
  if (length === undefined) throw new Error(`an answer without a length: ${headers}`);
  return end + HEAD_END.length + Number(length);
}

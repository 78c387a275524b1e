import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '#shared/errors/errors.ts';
import { readAtOf } from '../spool/read-at.ts';
import { Semaphore } from '../spool/semaphore.ts';
import { damaged } from './faults.ts';
import { readSheets } from './read-sheets.ts';
import { BATCHES_AHEAD, type FromThread, type ThreadInput, type ToThread } from './workbook-messages.ts';

const { fileDescriptor, fileBytes, limits } = workerData as ThreadInput;
const port = parentPort;
if (port === null) throw new Error('workbook-thread.ts runs as a worker thread');

const credit = new Semaphore(BATCHES_AHEAD);
const taken: (() => void)[] = [];
const { promise: wanted, resolve: choose } = Promise.withResolvers<readonly number[]>();
port.on('message', (message: ToThread) => {
  if (message.kind === 'read') choose(message.sheets);
  else taken.shift()?.();
});

const send = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

async function read(): Promise<void> {
  const rows = readSheets({
    readAt: readAtOf(fileDescriptor, fileBytes),
    fileBytes,
    limits,
    choose: (sheets) => {
      send({ kind: 'sheets', sheets });
      return wanted;
    },
  });
  for await (const { sheet, batch } of rows) {
    taken.push(await credit.acquire());
    const { bytes, ends, rows, flags } = batch;
    send({ kind: 'rows', sheet, batch }, [bytes.buffer, ends.buffer, rows.buffer, flags.buffer]);
  }
  send({ kind: 'done' });
}

try {
  await read();
} catch (error) {
  // A workbook that trips the reader itself is refused like one that is damaged; the log has the cause.
  const failure = error instanceof ServiceError ? error : damaged('it cannot be read', error);
  const cause = failure.cause instanceof Error ? failure.cause.stack : undefined;
  send({ kind: 'failed', code: failure.code, message: failure.message, line: failure.line, stack: cause });
}
port.close();

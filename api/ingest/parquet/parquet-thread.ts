import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '#shared/errors/errors.ts';
import { readAtOf } from '../spool/read-at.ts';
import { Semaphore } from '../spool/semaphore.ts';
import { damaged } from './faults.ts';
import { ParquetFile } from './parquet-file.ts';
import {
  BATCHES_AHEAD,
  type FromParquet,
  type ParquetInput,
  type ToParquet,
  type WantedColumn,
} from './parquet-messages.ts';

const { fileDescriptor, fileBytes, limits } = workerData as ParquetInput;
const port = parentPort;
if (port === null) throw new Error('parquet-thread.ts runs as a worker thread');

const credit = new Semaphore(BATCHES_AHEAD);
const taken: (() => void)[] = [];
const { promise: wanted, resolve: choose } = Promise.withResolvers<readonly WantedColumn[]>();
port.on('message', (message: ToParquet) => {
  if (message.kind === 'read') choose(message.columns);
  else taken.shift()?.();
});

const send = (message: FromParquet, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

async function read(): Promise<void> {
  const file = new ParquetFile(readAtOf(fileDescriptor, fileBytes), fileBytes, limits);
  send({ kind: 'columns', columns: file.columns });
  for (const batch of file.read(await wanted)) {
    taken.push(await credit.acquire());
    const buffers = batch.texts.flatMap(({ bytes, ends }) => [bytes.buffer, ends.buffer]);
    send({ kind: 'rows', batch }, [batch.numbers.buffer, ...buffers]);
  }
  send({ kind: 'done' });
}

try {
  await read();
} catch (error) {
  // A file that trips the reader itself is refused like one that is damaged; the log has the cause.
  const failure = error instanceof ServiceError ? error : damaged('it cannot be read', error);
  const { code, message, field } = failure;
  const cause = failure.cause instanceof Error ? failure.cause.stack : undefined;
  send({ kind: 'failed', code, message, field, stack: cause });
}
port.close();

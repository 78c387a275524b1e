import {
  type MessageBatch,
  MessageBatchReader,
  type MessageReading,
  type ReadBatch,
} from './message-batch.ts';

export type MessageTask = { batch: MessageBatch; reading: MessageReading };

/** Readers of the days and places asked for last. */
const MAX_READERS = 8;
const readers = new Map<string, MessageBatchReader>();

/** A thread of `MessageReaders`. */
export default function readBatch({ batch, reading }: MessageTask): ReadBatch {
  const key = JSON.stringify(reading);
  let reader = readers.get(key);
  if (reader === undefined) {
    if (readers.size >= MAX_READERS) readers.clear();
    reader = new MessageBatchReader(reading);
    readers.set(key, reader);
  }
  return reader.read(batch);
}

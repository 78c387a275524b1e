import { z } from 'zod';
import type { Priority } from '#shared/db/schema.ts';

/** "Look at this chunk": all that ever crosses the queue. A bell of an older epoch is void. */
export type Bell = {
  jobId: string;
  chunkNo: number;
  epoch: number;
  priority: Priority;
  /** W3C traceparent of whoever rang, where it is traced. */
  traceparent?: string | undefined;
};

export const QUEUE_NAME = 'iit-chunks';

const bellSchema = z.object({
  jobId: z.uuid(),
  chunkNo: z.int().nonnegative(),
  epoch: z.int().positive(),
  priority: z.enum(['low', 'normal', 'high']),
  traceparent: z.string().max(100).optional().catch(undefined),
});

/** Reads what a queue delivered; undefined for anything that is no bell (an older release's, a stray job). */
export function parseBell(data: unknown): Bell | undefined {
  return bellSchema.safeParse(data).data;
}

/** BullMQ job id: an epoch of a chunk rings once, however often it is added. */
export function bellId(bell: Bell): string {
  return `${bell.jobId}-${bell.chunkNo}-${bell.epoch}`;
}

/** BullMQ priorities: 1 is served first. */
export const BELL_PRIORITY: Record<Priority, number> = { high: 1, normal: 2, low: 3 };

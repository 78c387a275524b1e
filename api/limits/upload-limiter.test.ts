import { expect, test } from 'vitest';
import { MemoryBudget } from './memory-budget.ts';
import { UploadLimiter } from './upload-limiter.ts';

const MB = 1024 ** 2;

function limiter(memoryMb = 1_000) {
  const memory = new MemoryBudget(memoryMb * MB);
  return { memory, uploads: new UploadLimiter({ max: 4, maxPerTenant: 3, memory, uploadBytes: 24 * MB }) };
}

test('a tenant has its share, another one the rest, and nobody more than there is', () => {
  const { uploads, memory } = limiter();
  const own = [uploads.enter(1), uploads.enter(1), uploads.enter(1)];
  expect(() => uploads.enter(1)).toThrow(expect.objectContaining({ code: 'rate_limited' }));
  const other = uploads.enter(2);
  expect(() => uploads.enter(2)).toThrow(expect.objectContaining({ code: 'too_many_uploads' }));
  own[0]!.leave();
  own[0]!.leave();
  expect(uploads.open).toBe(3);
  for (const place of [...own, other, uploads.enter(2)]) place.leave();
  expect([uploads.open, memory.usedBytes]).toEqual([0, 0]);
});

test('an upload that the memory budget has no room for takes no place', () => {
  const { uploads, memory } = limiter(100);
  const held = [uploads.enter(1), uploads.enter(1)];
  expect(() => uploads.enter(1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  expect(uploads.open).toBe(2);
  for (const place of held) place.leave();
  expect(memory.usedBytes).toBe(0);
});

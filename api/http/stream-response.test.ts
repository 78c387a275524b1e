import { expect, test, vi } from 'vitest';
import type { Logger } from '#shared/log/logger.ts';
import { streamResponse } from './stream-response.ts';

test('a source that fails midway is logged and breaks the body off', async () => {
  const error = vi.fn<(line: object, message: string) => void>();
  const source = async function* () {
    yield Buffer.from('first');
    throw new Error('the disk is gone');
  };
  const answer = streamResponse(source(), { 'content-type': 'text/csv' }, { error } as unknown as Logger);
  await expect(answer.text()).rejects.toThrow('the disk is gone');
  expect(error).toHaveBeenCalledOnce();
});

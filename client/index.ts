export {
  type ClientOptions,
  IitClient,
  isOver,
  type Job,
  type Schemas,
  type Submission,
  type Submitted,
  type Upload,
} from './client.ts';
export type { components, operations, paths } from './openapi.ts';
export { ApiError, ConnectionError, type Problem } from './problem.ts';
export { DEFAULT_RETRIES, type RetryOptions } from './retry.ts';

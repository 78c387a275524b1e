export type RateLimiterOptions = {
  /** As callers know it: a policy's name in the header. */
  name: string;
  /** On the average of a window; 0 turns the limit off. */
  perSecond: number;
  windowSeconds?: number;
  /** Ids that are told apart in a window; further ones share one count. */
  mostIds?: number;
  nowMs?: () => number;
};

export type Verdict = {
  /** 0: it may go on; else when it may try again. */
  retryAfterSeconds: number;
  /** Of the window, after this one. */
  remaining: number;
};

const WINDOW_SECONDS = 10;
const MOST_IDS = 20_000;
const OTHERS = '';

/**
 * Counts requests by id in a sliding window: what the window before counted weighs as much as it still overlaps. Two maps
 * and no timer; a count costs less than a microsecond. The limit holds for one process: a service of n processes lets
 * through n times as much.
 */
export class RateLimiter {
  readonly name: string;
  readonly windowSeconds: number;
  /** Of a window. */
  readonly quota: number;
  readonly #mostIds: number;
  readonly #nowMs: () => number;
  #windowNo = 0;
  #current = new Map<string, number>();
  #before = new Map<string, number>();

  constructor(options: RateLimiterOptions) {
    const { name, perSecond, windowSeconds = WINDOW_SECONDS, mostIds = MOST_IDS } = options;
    this.name = name;
    this.windowSeconds = windowSeconds;
    this.quota = perSecond * windowSeconds;
    this.#mostIds = mostIds;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Counts one where it may go on; a refusal counts nothing. */
  take(id: string): Verdict {
    if (this.quota === 0) return { retryAfterSeconds: 0, remaining: Infinity };
    const windows = this.#nowMs() / (this.windowSeconds * 1_000);
    const windowNo = Math.floor(windows);
    if (windowNo !== this.#windowNo) this.#turn(windowNo);
    const key = this.#current.size < this.#mostIds || this.#current.has(id) ? id : OTHERS;
    const left = 1 - (windows - windowNo);
    const own = this.#current.get(key) ?? 0;
    const used = own + (this.#before.get(key) ?? 0) * left;
    if (used >= this.quota) {
      return { retryAfterSeconds: Math.max(1, Math.ceil(left * this.windowSeconds)), remaining: 0 };
    }
    this.#current.set(key, own + 1);
    return { retryAfterSeconds: 0, remaining: Math.max(0, Math.floor(this.quota - used - 1)) };
  }

  #turn(windowNo: number): void {
    this.#before = windowNo === this.#windowNo + 1 ? this.#current : new Map();
    this.#current = new Map();
    this.#windowNo = windowNo;
  }
}

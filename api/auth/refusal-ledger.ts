import type { Principal } from './principal.ts';

export type Refusal = {
  code: 'unauthenticated' | 'forbidden';
  /** Why, as one word: a RefusalReason or the scope that lacked. */
  reason: string;
  /** The key that was presented, valid or not. */
  claimed: Pick<Principal, 'keyId' | 'actor' | 'tenantId'> | undefined;
  networkAddress: string | undefined;
  /** Method and route template of the first such request. */
  request: string;
};

/** A refusal as it goes into the audit: the first of its kind at once, the rest of a window in one with their count. */
export type CountedRefusal = Refusal & { count: number };

export type RefusalLedgerOptions = {
  write: (refusal: CountedRefusal) => Promise<void>;
  onError: (error: unknown) => void;
  windowMs?: number;
  /** Kinds told apart in a window; the rest share one entry. An attacker gets at most twice as many rows a window. */
  kindLimit?: number;
};

/**
 * Audits refused access without letting an attacker fill the disk: refusals of one kind (code, reason, key, address)
 * are written once when they begin and once more, counted, at the end of the window.
 */
export class RefusalLedger {
  readonly #write: (refusal: CountedRefusal) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #windowMs: number;
  readonly #kindLimit: number;
  #window = new Map<string, CountedRefusal>();
  #timer: NodeJS.Timeout | undefined;
  #writes = new Set<Promise<void>>();

  constructor(options: RefusalLedgerOptions) {
    this.#write = options.write;
    this.#onError = options.onError;
    this.#windowMs = options.windowMs ?? 60_000;
    this.#kindLimit = options.kindLimit ?? 50;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.endWindow(), this.#windowMs).unref();
  }

  note(refusal: Refusal): void {
    const kind = [
      refusal.code,
      refusal.reason,
      refusal.claimed?.keyId ?? '',
      refusal.networkAddress ?? '',
    ].join('|');
    const known = this.#window.get(kind);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.#window.size < this.#kindLimit) {
      this.#window.set(kind, { ...refusal, count: 0 });
      this.#begin({ ...refusal, count: 1 });
      return;
    }
    const others = this.#window.get('others');
    if (others !== undefined) others.count++;
    else {
      this.#window.set('others', {
        ...refusal,
        reason: 'others',
        claimed: undefined,
        networkAddress: undefined,
        count: 1,
      });
    }
  }

  /** Writes what the window counted beyond the first of each kind, and opens the next. */
  endWindow(): void {
    const ended = this.#window;
    this.#window = new Map();
    for (const refusal of ended.values()) if (refusal.count > 0) this.#begin(refusal);
  }

  /** Writes what is still open and waits for it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.endWindow();
    await Promise.all(this.#writes);
  }

  #begin(refusal: CountedRefusal): void {
    const write = this.#write(refusal)
      .catch(this.#onError)
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }
}

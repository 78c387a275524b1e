import { EngineError } from '../errors.ts';

/** Most scratches that one model's memory hands out at a time. */
const PLACES = 256;
export const LEASE_TABLE_BYTES = PLACES * 8;

const NEVER_MADE = 0;
const FREE = 1;
const BUSY = 2;

const PAGE_BYTES = 65_536;

/**
 * Working memory inside a memory that threads share. A call leases a scratch and gives it back, so that there
 * are as many as calls ever ran at once, whichever threads come and go. A thread that is killed within a
 * call leaves its scratch taken.
 */
export class SharedScratch {
  readonly #memory: WebAssembly.Memory;
  readonly #tableAt: number;
  readonly #byteCount: number;
  readonly #prepare: (bytes: Uint8Array) => void;

  /** @param tableAt address of LEASE_TABLE_BYTES zeroed bytes */
  constructor(
    memory: WebAssembly.Memory,
    tableAt: number,
    byteCount: number,
    prepare: (bytes: Uint8Array) => void,
  ) {
    this.#memory = memory;
    this.#tableAt = tableAt;
    this.#byteCount = byteCount;
    this.#prepare = prepare;
  }

  /** Runs `work` with a scratch's address. @throws EngineError out_of_memory */
  with(work: (address: number) => void): void {
    const table = this.#table();
    for (let place = 0; place < PLACES; place++) {
      if (Atomics.compareExchange(table, place, FREE, BUSY) === FREE) {
        return this.#use(place, work);
      }
      if (Atomics.compareExchange(table, place, NEVER_MADE, BUSY) === NEVER_MADE) {
        this.#make(place);
        return this.#use(place, work);
      }
    }
    throw new EngineError('out_of_memory', `${PLACES} calls are using this model at once`);
  }

  /** A view on the table as it is now: memory that threads do not share moves as it grows. */
  #table(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#tableAt, PLACES * 2);
  }

  #make(place: number): void {
    let page: number;
    try {
      page = this.#memory.grow(Math.ceil(this.#byteCount / PAGE_BYTES));
    } catch {
      Atomics.store(this.#table(), place, NEVER_MADE);
      throw new EngineError('out_of_memory', `no room for ${this.#byteCount} bytes of working memory`);
    }
    const address = page * PAGE_BYTES;
    this.#prepare(new Uint8Array(this.#memory.buffer, address, this.#byteCount));
    Atomics.store(this.#table(), PLACES + place, address);
  }

  #use(place: number, work: (address: number) => void): void {
    const table = this.#table();
    try {
      work(Atomics.load(table, PLACES + place) >>> 0);
    } finally {
      Atomics.store(table, place, FREE);
    }
  }
}

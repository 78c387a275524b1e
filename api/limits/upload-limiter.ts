/** Bounds the uploads that one process takes in at once; the next one is told to come back. */
export class UploadLimiter {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get open(): number {
    return this.#open;
  }

  /** A release function, to be called once the upload has ended however it ended; undefined when all places are taken. */
  tryAcquire(): (() => void) | undefined {
    if (this.#open >= this.#max) return undefined;
    this.#open++;
    let held = true;
    return () => {
      if (held) this.#open--;
      held = false;
    };
  }
}

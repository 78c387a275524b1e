/**
 * Joins what the last buffer left over (the start of a record) with the next buffer, so that a parser always sees
 * whole records in one piece. What is carried is copied: the source may reuse its memory.
 */
export class Carry {
  #bytes: Buffer = Buffer.alloc(0);

  join(next: Buffer): Buffer {
    return this.#bytes.length === 0 ? next : Buffer.concat([this.#bytes, next]);
  }

  keep(rest: Buffer): void {
    this.#bytes = rest.length === 0 ? Buffer.alloc(0) : Buffer.from(rest);
  }
}

/** Writes one reserved stretch once the memory is there. */
type Write = (buffer: ArrayBufferLike, address: number) => void;

/** Hands out addresses of a memory before it exists, and fills it afterwards. */
export class Arena {
  #end: number;
  readonly #writes: { readonly address: number; readonly write: Write }[] = [];

  constructor(start: number) {
    this.#end = align(start);
  }

  get end(): number {
    return this.#end;
  }

  /** Address of `bytes` bytes, 16-aligned. */
  reserve(bytes: number, write: Write): number {
    const address = this.#end;
    this.#end = align(address + bytes);
    this.#writes.push({ address, write });
    return address;
  }

  doubles(values: ArrayLike<number>): number {
    return this.reserve(values.length * 8, (buffer, address) =>
      new Float64Array(buffer, address, values.length).set(values),
    );
  }

  bytes(values: Uint8Array): number {
    return this.reserve(values.length, (buffer, address) =>
      new Uint8Array(buffer, address, values.length).set(values),
    );
  }

  words(values: ArrayLike<number>): number {
    return this.reserve(values.length * 4, (buffer, address) =>
      new Uint32Array(buffer, address, values.length).set(values),
    );
  }

  fill(buffer: ArrayBufferLike): void {
    for (const { address, write } of this.#writes) write(buffer, address);
  }
}

export function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

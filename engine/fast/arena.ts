/** Memory laid out from a fixed address upward, grown as it fills, to be copied into a WASM memory at the end. */
export class Arena {
  readonly base: number;
  #bytes = new ArrayBuffer(1 << 16);
  #used = 0;
  #view = new DataView(this.#bytes);

  /** @param base address of the first byte, a multiple of 64 */
  constructor(base: number) {
    this.base = base;
  }

  /** Address just beyond what was taken. */
  get end(): number {
    return this.base + this.#used;
  }

  /** Takes zeroed bytes, 16-byte aligned. @returns their address */
  take(byteCount: number): number {
    const start = Math.ceil(this.#used / 16) * 16;
    this.#used = start + byteCount;
    if (this.#used > this.#bytes.byteLength) {
      const grown = new ArrayBuffer(Math.max(this.#used, this.#bytes.byteLength * 2));
      new Uint8Array(grown).set(new Uint8Array(this.#bytes));
      this.#bytes = grown;
      this.#view = new DataView(grown);
    }
    return this.base + start;
  }

  /** Takes a copy of `data`. @returns its address */
  put(data: Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array): number {
    const address = this.take(data.byteLength);
    new Uint8Array(this.#bytes, address - this.base, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return address;
  }

  u8(address: number, value: number): void {
    this.#view.setUint8(address - this.base, value);
  }

  u16(address: number, value: number): void {
    this.#view.setUint16(address - this.base, value, true);
  }

  u32(address: number, value: number): void {
    this.#view.setUint32(address - this.base, value, true);
  }

  f64(address: number, value: number): void {
    this.#view.setFloat64(address - this.base, value, true);
  }

  /** Everything taken so far. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#bytes, 0, this.#used);
  }
}

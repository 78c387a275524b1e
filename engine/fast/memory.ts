const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;

/** Memory of at least `byteCount` bytes, shared by threads. */
export function allocateMemory(byteCount: number): WebAssembly.Memory {
  const initial = Math.ceil(byteCount / PAGE_BYTES);
  return new WebAssembly.Memory({ initial, maximum: MOST_PAGES, shared: true });
}

import { EngineError } from '../errors.ts';

const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;

/** Whether threads can share memory here: browsers allow it to isolated pages only. */
export const CAN_SHARE = typeof SharedArrayBuffer !== 'undefined';

/** Memory of at least `byteCount` bytes, shared by threads where they can. @throws EngineError out_of_memory */
export function allocateMemory(byteCount: number): WebAssembly.Memory {
  const initial = Math.ceil(byteCount / PAGE_BYTES);
  try {
    return new WebAssembly.Memory(
      CAN_SHARE ? { initial, maximum: MOST_PAGES, shared: true } : { initial, maximum: MOST_PAGES },
    );
  } catch {
    throw new EngineError('out_of_memory', `no room for ${byteCount} bytes of tables`);
  }
}

/** Shared bytes where threads can share them. */
export function allocateBytes(byteCount: number): ArrayBuffer | SharedArrayBuffer {
  return CAN_SHARE ? new SharedArrayBuffer(byteCount) : new ArrayBuffer(byteCount);
}

/** Import of the kernels' memory: its module and name, what it is, and that it is shared. */
const SHARED_IMPORT = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3];
/** `i8x16.relaxed_swizzle`, and `i8x16.swizzle` in as many bytes. */
const RELAXED_SWIZZLE = [0xfd, 0x80, 0x02];
const SWIZZLE = [0xfd, 0x8e, 0x00];

/**
 * Compiles a kernel for what this platform can do: without shared memory, and without relaxed SIMD (Node 20), whose
 * one instruction is replaced by its strict form. Kernels use it for indices on which both agree.
 */
export function compileKernel(
  bytes: Uint8Array<ArrayBuffer>,
  share: boolean = CAN_SHARE,
  relaxed: boolean = WebAssembly.validate(bytes),
): WebAssembly.Module {
  const fitted = bytes.slice();
  if (!share) {
    const at = find(fitted, SHARED_IMPORT, 0);
    fitted[at + SHARED_IMPORT.length - 1] = 1;
  }
  if (!relaxed) {
    for (let at = find(fitted, RELAXED_SWIZZLE, 0); at >= 0; at = find(fitted, RELAXED_SWIZZLE, at + 1)) {
      fitted.set(SWIZZLE, at);
    }
  }
  return new WebAssembly.Module(fitted);
}

function find(bytes: Uint8Array, pattern: readonly number[], from: number): number {
  for (let at = bytes.indexOf(pattern[0]!, from); at >= 0; at = bytes.indexOf(pattern[0]!, at + 1)) {
    if (pattern.every((byte, place) => bytes[at + place] === byte)) return at;
  }
  return -1;
}

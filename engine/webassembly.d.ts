/** The part of the WebAssembly interface that the engine uses: Node's types leave it to the DOM's. */
declare namespace WebAssembly {
  type Module = object;
  type Instance = { readonly exports: Record<string, unknown> };
  type Memory = { readonly buffer: ArrayBuffer | SharedArrayBuffer; grow(pages: number): number };
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module;
  Instance: new (
    module: WebAssembly.Module,
    imports?: Record<string, Record<string, unknown>>,
  ) => WebAssembly.Instance;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WebAssembly.Memory;
};

/** The WebAssembly interface of the host, typed here because it is the same in Node and in browsers. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WasmApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory;
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => object;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

export const WASM = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

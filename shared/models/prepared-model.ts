import { type LightGbmModel, loadModel } from '#engine/index.ts';

/** A model in memory that threads share: posting it to another thread copies nothing. */
export type PreparedModel = { readonly text: SharedArrayBuffer };

export function prepareModel(text: string): PreparedModel {
  loadModel(text);
  const bytes = new TextEncoder().encode(text);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return { text: shared };
}

export function attachModel(prepared: PreparedModel): LightGbmModel {
  return loadModel(Buffer.from(Uint8Array.from(new Uint8Array(prepared.text))).toString('utf8'));
}

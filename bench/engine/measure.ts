import { type LightGbmModel } from '#engine/index.ts';

export type Mode = 'score' | 'explain';

/** A thread's share of a case. */
export type Share = {
  readonly rows: Float64Array;
  readonly raw: Float64Array;
  readonly featureCount: number;
  readonly outputCount: number;
  readonly mode: Mode;
  /** 0: whole contributions; otherwise that many reasons a row. */
  readonly top: number;
};

/**
 * A pass over the share. Scores must equal `raw` bit for bit; contributions must add up to it within
 * 1e-9 × max(1, |raw|). Reasons alone cannot be checked so.
 * @returns how many rows differ
 */
export function makePass(model: LightGbmModel, share: Share): () => number {
  const { rows, raw, outputCount } = share;
  const rowCount = rows.length / share.featureCount;
  if (share.mode === 'score') {
    const out = new Float64Array(rowCount * outputCount);
    const found = Buffer.from(out.buffer);
    const expected = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    return () => {
      model.predict(rows, { raw: true, out });
      return found.equals(expected) ? 0 : countDifferent(out, raw);
    };
  }
  if (share.top > 0) {
    return () => {
      const found = model.topReasons(rows, { k: share.top });
      return found.features.length === rowCount * share.top ? 0 : rowCount;
    };
  }
  const width = share.featureCount + 1;
  const out = new Float64Array(rowCount * outputCount * width);
  let checked = false;
  return () => {
    model.predictContrib(rows, { out });
    if (checked) {
      return 0;
    }
    checked = true;
    let different = 0;
    for (let at = 0; at < raw.length; at++) {
      let sum = 0;
      for (let place = at * width; place < (at + 1) * width; place++) {
        sum += out[place]!;
      }
      different += Math.abs(sum - raw[at]!) <= 1e-9 * Math.max(1, Math.abs(raw[at]!)) ? 0 : 1;
    }
    return different;
  };
}

function countDifferent(found: Float64Array, expected: Float64Array): number {
  let count = 0;
  for (let at = 0; at < expected.length; at++) {
    count += Object.is(found[at], expected[at]) ? 0 : 1;
  }
  return count;
}

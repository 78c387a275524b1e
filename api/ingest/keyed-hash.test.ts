import { expect, test } from 'vitest';
import { keyedHash, newHashKey, type HashKey } from './keyed-hash.ts';

const KEY: HashKey = Uint32Array.of(0x03020100, 0x07060504);

function hash(text: string | Uint8Array, key = KEY): bigint {
  const bytes = Buffer.from(text);
  const out = new Uint32Array(2);
  keyedHash(bytes, 0, bytes.length, key, out, 0);
  return (BigInt(out[1]!) << 32n) | BigInt(out[0]!);
}

/** The definition, written down once more with unbounded integers, a round and a word at a time. */
function reference(bytes: Uint8Array, key: HashKey): bigint {
  const mask = 0xffffffffn;
  const turn = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  const v = [BigInt(key[0]!), BigInt(key[1]!), 0x6c796765n ^ BigInt(key[0]!), 0x74656462n ^ BigInt(key[1]!)];
  const round = () => {
    v[0] = (v[0]! + v[1]!) & mask;
    v[1] = turn(v[1]!, 5n) ^ v[0];
    v[0] = turn(v[0], 16n);
    v[2] = (v[2]! + v[3]!) & mask;
    v[3] = turn(v[3]!, 8n) ^ v[2];
    v[0] = (v[0] + v[3]) & mask;
    v[3] = turn(v[3], 7n) ^ v[0];
    v[2] = (v[2] + v[1]) & mask;
    v[1] = turn(v[1], 13n) ^ v[2];
    v[2] = turn(v[2], 16n);
  };
  const whole = bytes.length & ~3;
  const last = [...bytes.subarray(whole), 0, 0, 0].slice(0, 3).concat(bytes.length & 0xff);
  for (const word of [...bytes.subarray(0, whole), ...last].reduce<bigint[]>((words, byte, at) => {
    if (at % 4 === 0) words.push(0n);
    words[words.length - 1]! |= BigInt(byte) << BigInt(8 * (at % 4));
    return words;
  }, [])) {
    v[3]! ^= word;
    round();
    v[0]! ^= word;
  }
  v[2]! ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return ((v[0]! ^ v[2]!) << 32n) | (v[1]! ^ v[3]!);
}

test('texts of every length hash as the definition says, wherever they lie', () => {
  const bytes = Buffer.from(Array.from({ length: 70 }, (_, i) => (i * 37) & 0xff));
  for (let length = 0; length <= 64; length++) {
    const text = bytes.subarray(3, 3 + length);
    const out = new Uint32Array(2);
    keyedHash(bytes, 3, 3 + length, KEY, out, 0);
    expect((BigInt(out[1]!) << 32n) | BigInt(out[0]!)).toBe(reference(text, KEY));
  }
});

test('texts that fall together under one key do not under another', () => {
  const texts = Array.from({ length: 200_000 }, (_, i) => `P-${i}`);
  const places = (key: HashKey) => texts.map((text) => Number(hash(text, key) & 0x3fffn));
  const first = places(KEY);
  const together = texts.filter((_, i) => first[i] === first[0]);
  expect(together.length).toBeGreaterThan(2);
  const other = newHashKey();
  expect(new Set(together.map((text) => hash(text, other) & 0x3fffn)).size).toBeGreaterThan(1);
});

test('one changed bit changes half of the hash', () => {
  let changed = 0;
  for (let bit = 0; bit < 96; bit++) {
    const bytes = Buffer.from('SYN-1-004242');
    const before = hash(bytes);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    changed += (before ^ hash(bytes)).toString(2).replaceAll('0', '').length;
  }
  expect(changed / 96).toBeGreaterThan(30);
  expect(changed / 96).toBeLessThan(34);
});

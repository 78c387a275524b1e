import { EngineError } from '../errors.ts';
import type { Json, NumberList } from './ubjson.ts';

/** A field that may be absent. */
export function optional(parent: Json, key: string): Json | undefined {
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || ArrayBuffer.isView(parent)) {
    return undefined;
  }
  return Object.hasOwn(parent, key) ? (parent as { readonly [key: string]: Json })[key] : undefined;
}

/** @throws EngineError missing_field */
export function child(parent: Json, key: string): Json {
  const found = optional(parent, key);
  if (found === undefined) throw new EngineError('missing_field', `the model has no ${key}`);
  return found;
}

export function textOf(parent: Json, key: string): string {
  const found = child(parent, key);
  if (typeof found !== 'string') throw new EngineError('malformed_line', `${key} is no text`);
  return found;
}

/** XGBoost writes its settings as text. */
export function integerOf(parent: Json, key: string, low: number, high: number, absent?: number): number {
  const found = absent === undefined ? child(parent, key) : optional(parent, key);
  if (found === undefined) return absent!;
  const value = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new EngineError('malformed_number', `${key} is no integer`);
  }
  if (value < low || value > high)
    throw new EngineError('out_of_range', `${key} is outside ${low} … ${high}`);
  return value;
}

export function listOf(parent: Json, key: string): readonly Json[] {
  const found = child(parent, key);
  if (!Array.isArray(found)) throw new EngineError('malformed_line', `${key} is no list`);
  return found as readonly Json[];
}

/** Numbers or booleans, as many as wanted; null is NaN. */
export function numbersOf(parent: Json, key: string, count?: number): ArrayLike<number> {
  const found = child(parent, key);
  const typed = ArrayBuffer.isView(found);
  if (!typed && !Array.isArray(found)) throw new EngineError('malformed_line', `${key} is no list`);
  const list = found as NumberList | readonly Json[];
  if (count !== undefined && list.length !== count) {
    throw new EngineError('wrong_length', `${key} holds ${list.length} numbers, ${count} expected`);
  }
  if (typed) return list as NumberList;
  return (list as readonly Json[]).map((value) => {
    if (typeof value === 'boolean') return Number(value);
    if (value === null) return Number.NaN;
    if (typeof value !== 'number') throw new EngineError('malformed_number', `${key} holds no number`);
    return value;
  });
}

/**
 * Errors as the runtime copies them: with their class, and with what was added to them. V8 leaves the latter out, so
 * where a value has some, bytes hold beside it what they are made of.
 */

import { types } from 'node:util';

/** One with such a name, of the language's classes if it is one of theirs. */
export function errorNamed(name: unknown, message: string): Error {
  if (name === 'AggregateError') return new AggregateError([], message);
  const Class = classNamed(name);
  if (name !== 'SuppressedError' || Class === undefined) return new (Class ?? Error)(message);
  const error = new Class(undefined, undefined, message);
  for (const key of ['error', 'suppressed']) delete error[key];
  return error;
}

/** Not every Node has all of them. */
function classNamed(name: unknown): any {
  return typeof name === 'string' && classes.has(name) ? (globalThis as any)[name] : undefined;
}

const classes = new Set(['EvalError', 'RangeError', 'ReferenceError', 'SuppressedError', 'SyntaxError', 'TypeError', 'URIError']);

export const isError = (value: object): value is Error => types.isNativeError(value) || value instanceof DOMException;

/** Throws for one that cannot be copied. */
export function messageOf(error: Error): string {
  const { message } = error;
  if (typeof message === 'string') return message;
  throw new DOMException('Deserialization failed: error message is not a string', 'DataCloneError');
}

/** Own properties of an error that a copy has too, `stack` left out: those that say more than its class does. */
export function* ownOf(error: Error): Generator<[string, unknown]> {
  for (const key of ['cause', 'errors']) if (Object.hasOwn(error, key)) yield [key, (error as any)[key]];
  for (const key of Object.keys(error)) {
    if (key === 'stack' || (key === 'name' && (error.name === 'AggregateError' || classNamed(error.name) !== undefined))) continue;
    yield [key, (error as any)[key]];
  }
}

/** What stands for an error, and what it is made of. */
type Made = [standIn: object, kind: 'DOMException' | 'Error', name: unknown, message: string, stack: unknown, own: [string, unknown][]];

/** A value without errors in it, and what they were. */
export interface Packed {
  value: unknown;
  errors: Made[];
}

/** A copy of a value with something else in the place of each error. */
export function pack(value: unknown): Packed {
  const errors: Made[] = [];
  const copies = new Map<object, object>();
  const note = <T extends object>(of: object, copy: T) => (copies.set(of, copy), copy);
  const copy = (of: unknown): unknown => {
    if (typeof of !== 'object' || of === null) return of;
    const known = copies.get(of);
    if (known !== undefined) return known;
    if (isError(of)) {
      const standIn = note(of, {});
      const isDom = of instanceof DOMException;
      const made: Made = [standIn, isDom ? 'DOMException' : 'Error', of.name, messageOf(of), of.stack, []];
      errors.push(made);
      if (!isDom) for (const [key, own] of ownOf(of)) made[5].push([key, copy(own)]);
      return standIn;
    }
    if (types.isMap(of)) {
      const map = note(of, new Map());
      for (const [key, member] of Map.prototype.entries.call(of)) map.set(copy(key), copy(member));
      return map;
    }
    if (types.isSet(of)) {
      const set = note(of, new Set());
      for (const member of Set.prototype.values.call(of)) set.add(copy(member));
      return set;
    }
    // V8 knows these; all others are what they have.
    if (types.isProxy(of) || ArrayBuffer.isView(of) || types.isAnyArrayBuffer(of) || types.isDate(of) || types.isRegExp(of) || types.isBoxedPrimitive(of)) return of;
    const object: any = note(of, Array.isArray(of) ? new Array(of.length) : {});
    for (const key of Object.keys(of)) define(object, key, copy((of as any)[key]), true);
    return object;
  };
  return { value: copy(value), errors };
}

/** The value again, with its errors. */
export function unpack({ value, errors }: Packed): unknown {
  const made = new Map<unknown, Error>();
  for (const [standIn, kind, name, message, stack] of errors) {
    const error = kind === 'DOMException' ? new DOMException(message, String(name)) : errorNamed(name, message);
    // As the runtime has it, in sight.
    define(error, 'stack', stack, kind === 'Error');
    made.set(standIn, error);
  }
  const seen = new Set<object>();
  const put = (of: unknown): unknown => {
    const error = made.get(of);
    if (error !== undefined) return error;
    if (typeof of !== 'object' || of === null || seen.has(of)) return of;
    seen.add(of);
    if (of instanceof Map) {
      const entries = [...of];
      of.clear();
      for (const [key, member] of entries) of.set(put(key), put(member));
    } else if (of instanceof Set) {
      const members = [...of];
      of.clear();
      for (const member of members) of.add(put(member));
    } else if (!ArrayBuffer.isView(of)) {
      for (const key of Object.keys(of)) define(of, key, put((of as any)[key]), true);
    }
    return of;
  };
  for (const [standIn, , , , , own] of errors) {
    for (const [key, member] of own) define(made.get(standIn)!, key, put(member), true);
  }
  return put(value);
}

/** Not by assignment, which `__proto__` takes for something else. */
function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

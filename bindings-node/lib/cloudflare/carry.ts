/** Copies of values, as a call carries them from one place to another: the same on both sides, with nothing shared. */

import { types } from 'node:util';

/** Gives what stands on the other side for a function or an `RpcTarget`. */
export type Stand = (target: object) => unknown;

/** A copy of `value`. Throws a `DataCloneError` where there is something in it that cannot be carried. */
export function carry(value: unknown, stand: Stand): unknown {
  if (typeof value === 'symbol') return structuredClone(value);
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
  return new Carrier(stand).copy(value);
}

/** Has an object pass as it is: it is already something that stands for another. */
export function passes<T extends object>(object: T): T {
  passing.add(object);
  return object;
}

const passing = new WeakSet<object>();

/** Has objects of a class stand for themselves on the other side. */
export function standsIn(prototype: object): void {
  targets.add(prototype);
}

const targets = new WeakSet<object>();

class Carrier {
  private readonly copies = new Map<object, unknown>();

  constructor(private readonly stand: Stand) {}

  copy(value: unknown): unknown {
    if (typeof value === 'symbol') return structuredClone(value);
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
    if (passing.has(value)) return value;
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    if (typeof value === 'function' || types.isProxy(value) || isTarget(value)) return this.note(value, this.stand(value));
    if (Array.isArray(value)) return this.array(value);
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return this.set(value);
    // Before the others: from Node 22 on it is a native error, too.
    if (value instanceof DOMException) return this.note(value, Object.assign(new DOMException(value.message, value.name), { stack: value.stack }));
    if (types.isNativeError(value)) return this.error(value);
    // What has been cloned once by itself need not be looked into.
    if (isLeaf(value)) return this.note(value, structuredClone(value));
    if (isPlatform(value)) return value;
    if (isPlain(value)) return this.object(value);
    // V8 says so in its own words.
    if (isUncloneable(value)) return structuredClone(value);
    throw unserializable(value);
  }

  private note<T>(value: object, copy: T): T {
    this.copies.set(value, copy);
    return copy;
  }

  private object(value: object): object {
    return this.members(value, this.note(value, {}));
  }

  private members(value: object, copy: object): object {
    for (const key of Object.keys(value)) {
      // Not by assignment, which `__proto__` takes for something else.
      Object.defineProperty(copy, key, { value: this.copy((value as any)[key]), writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  private array(value: unknown[]): unknown[] {
    const copy = this.note(value, new Array(value.length));
    return this.members(value, copy) as unknown[];
  }

  private map(value: Map<unknown, unknown>): Map<unknown, unknown> {
    const copy = this.note(value, new Map());
    for (const [key, member] of [...Map.prototype.entries.call(value)]) copy.set(this.copy(key), this.copy(member));
    return copy;
  }

  private set(value: Set<unknown>): Set<unknown> {
    const copy = this.note(value, new Set());
    for (const member of [...Set.prototype.values.call(value)]) copy.add(this.copy(member));
    return copy;
  }

  private error(value: Error): Error {
    const copy = this.note(value, value instanceof AggregateError ? new AggregateError([], value.message) : new (errors[value.name] ?? Error)(value.message));
    Object.defineProperty(copy, 'stack', { value: value.stack, writable: true, configurable: true });
    for (const key of ['cause', 'errors']) if (Object.hasOwn(value, key)) define(copy, key, this.copy((value as any)[key]));
    return this.members(value, copy) as Error;
  }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
}

const errors: Record<string, (new (message: string) => Error) | undefined> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function isTarget(value: object): boolean {
  for (let prototype = Object.getPrototypeOf(value); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    if (targets.has(prototype)) return true;
  }
  return false;
}

function isLeaf(value: object): boolean {
  return types.isDate(value) || types.isRegExp(value) || types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value) || types.isBoxedPrimitive(value);
}

/** What the platform itself moves: streams, and what has them. */
function isPlatform(value: object): boolean {
  const { ReadableStream, WritableStream, Headers, Request, Response, AbortSignal } = globalThis;
  return [ReadableStream, WritableStream, Headers, Request, Response, AbortSignal].some((Class) => value instanceof Class);
}

function isUncloneable(value: object): boolean {
  return types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value) || types.isGeneratorObject(value);
}

/** Of any realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return true;
  if (prototype === null) return false;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

function unserializable(value: object): DOMException {
  const name = value.constructor?.name ?? 'Object';
  return new DOMException(`Could not serialize object of type "${name}". This type does not support serialization.`, 'DataCloneError');
}

/** Copies of values, as a call carries them from one place to another: the same on both sides, with nothing shared. */

import { types } from 'node:util';
import { serialize, staysUnstored, unserializable } from '../web/attachment';
import { errorNamed, messageOf, ownOf } from '../web/clone-errors';
import { carriedPlatform } from './platform';

/** Gives what stands on the other side for a function or an `RpcTarget`. */
export type Stand = (target: object) => unknown;

/** A copy of `value`. Throws a `DataCloneError` where there is something in it that cannot be carried. */
export function carry(value: unknown, stand: Stand): unknown {
  if (typeof value === 'symbol') return structuredClone(value);
  if (typeof value === 'string' && value.length > MOST_BYTES / 2) refuseTooLong(value, value.length);
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
  const carrier = new Carrier(stand);
  const copy = carrier.copy(value);
  // Texts may take two bytes a character.
  if (carrier.size > MOST_BYTES / 2) refuseTooLong(copy, carrier.size);
  return copy;
}

/** As many bytes as a call may carry. */
const MOST_BYTES = 32 << 20;

/** @param atLeast where what stands for something else cannot be counted */
function refuseTooLong(value: unknown, atLeast: number): void {
  let size = atLeast;
  try {
    size = serialize(value).length;
  } catch {}
  if (size > MOST_BYTES) throw new Error(`Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: ${size} bytes.`);
}

/** Has an object pass as it is: it is already something that stands for another. */
export function passes<T extends object>(object: T): T {
  passing.add(object);
  return object;
}

const passing = new WeakSet<object>();

/** Whether it stands for another. */
export const isPassing = (value: unknown): boolean => passing.has(Object(value));

/** Has an object be refused by a name of the runtime's. */
export function staysHere<T extends object>(object: T, name: string): T {
  staying.set(object, name);
  return object;
}

const staying = new WeakMap<object, string>();

/** Has objects of a class stand for themselves on the other side. */
export function standsIn(prototype: object): void {
  targets.add(prototype);
  staysUnstored(prototype, 'Remote RPC references can only be serialized for RPC.');
}

const targets = new WeakSet<object>();

class Carrier {
  /** Bytes of buffers and characters of texts. */
  size = 0;
  private readonly copies = new Map<object, unknown>();

  constructor(private readonly stand: Stand) {}

  copy(value: unknown): unknown {
    if (typeof value === 'string') this.size += value.length;
    if (typeof value === 'symbol') return structuredClone(value);
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
    if (passing.has(value)) return value;
    const name = staying.get(value);
    if (name !== undefined) throw unserializable(value, name);
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    if (typeof value === 'function' || isTarget(value)) return this.note(value, this.stand(value));
    if (types.isProxy(value)) return this.note(value, this.stand(emulating(value)));
    if (Array.isArray(value)) return this.array(value);
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return this.set(value);
    // Before the others: from Node 22 on it is a native error, too.
    if (value instanceof DOMException) return this.note(value, Object.assign(new DOMException(value.message, value.name), { stack: value.stack }));
    if (types.isNativeError(value)) return this.error(value);
    if (ArrayBuffer.isView(value)) return this.view(value);
    // What has been cloned once by itself need not be looked into.
    if (isLeaf(value)) {
      this.size += (value as Partial<ArrayBuffer>).byteLength ?? 0;
      return this.note(value, structuredClone(value));
    }
    if (isPlain(value) && !types.isArgumentsObject(value)) return this.object(value);
    const carried = carriedPlatform(value);
    if (carried !== undefined) return this.note(value, carried);
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

  /** Views of one buffer are views of one buffer again. */
  private view(value: ArrayBufferView): unknown {
    const { buffer, byteOffset } = value;
    if (types.isSharedArrayBuffer(buffer)) throw new Error('Unable to deserialize cloned data.');
    const Class = viewClass(value);
    return this.note(value, new Class(this.copy(buffer), byteOffset, (value as Uint8Array).length ?? value.byteLength));
  }

  private array(value: unknown[]): unknown[] {
    // Not a literal: V8 gives those holes that had some when they were made here before, and writes them otherwise.
    const copy = this.note(value, Array.of<unknown>());
    let dense = 0;
    while (dense < value.length && Object.hasOwn(value, dense)) copy.push(this.copy(value[dense++]));
    if (dense === value.length && Object.keys(value).length === dense) return copy;
    copy.length = value.length;
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
    const copy = this.note(value, errorNamed(value.name, messageOf(value)));
    Object.defineProperty(copy, 'stack', { value: value.stack, writable: true, configurable: true });
    for (const [key, own] of ownOf(value)) define(copy, key, this.copy(own));
    return copy;
  }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
}

const typedArray = Object.getPrototypeOf(Uint8Array);
const typedArrayName = Object.getOwnPropertyDescriptor(typedArray.prototype, Symbol.toStringTag)!.get!;

/** Of any realm, and of a class of its own that of the language. */
function viewClass(view: ArrayBufferView): new (buffer: unknown, offset: number, length: number) => object {
  return (globalThis as any)[typedArrayName.call(view) ?? 'DataView'];
}

/** What a proxy stands for must be seen from its prototype. */
function emulating(proxy: object): object {
  if (isPlain(proxy)) return proxy;
  throw new DOMException(NO_RECEIVER, 'DataCloneError');
}

const NO_RECEIVER =
  'Proxy could not be serialized because it is not a valid RPC receiver type. The Proxy must emulate either a plain object or an RpcTarget, ' +
  "as indicated by the Proxy's prototype chain.";

function isTarget(value: object): boolean {
  for (let prototype = Object.getPrototypeOf(value); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    if (targets.has(prototype)) return true;
  }
  return false;
}

function isLeaf(value: object): boolean {
  if (types.isSharedArrayBuffer(value)) throw new Error('Unable to deserialize cloned data.');
  return types.isDate(value) || types.isRegExp(value) || types.isArrayBuffer(value) || types.isBoxedPrimitive(value);
}

/** Objects of the language with more than properties in them. */
function isUncloneable(value: object): boolean {
  return uncloneable.some((is) => is(value)) || value instanceof WeakRef || value instanceof FinalizationRegistry || iterators.has(Object.getPrototypeOf(value));
}

const uncloneable = [types.isArgumentsObject, types.isGeneratorObject, types.isModuleNamespaceObject, types.isPromise, types.isWeakMap, types.isWeakSet];

const iterators = new Set<object>([[][Symbol.iterator](), new Map().entries(), new Set().values(), ''[Symbol.iterator](), ''.matchAll(/x/g)].map((of) => Object.getPrototypeOf(of)));

/** Of any realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return true;
  if (prototype === null) return false;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

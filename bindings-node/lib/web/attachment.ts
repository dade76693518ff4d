/** Values as bytes, as a structured clone makes them. */

import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isError, pack, type Packed, unpack } from './clone-errors';
import { isExposed } from './expose';

// Node's own functions write views in a form of their own, which counts otherwise than in the runtime.
class Snapshot extends Serializer {
  constructor() {
    super();
    this.writeHeader();
  }

  // Node calls these where the value cannot be copied.
  _getDataCloneError(message: string): DOMException {
    return new DOMException(message, 'DataCloneError');
  }

  _writeHostObject(object: object): never {
    throw unserializable(object);
  }
}

export function serialize(value: unknown): Uint8Array {
  const hasErrors = lookThrough(value);
  const snapshot = new Snapshot();
  snapshot.writeValue(hasErrors ? pack(value) : value);
  const bytes = snapshot.releaseBuffer();
  if (hasErrors) bytes[0] = WITH_ERRORS;
  return bytes;
}

export function deserialize(bytes: Uint8Array): unknown {
  const hasErrors = bytes[0] === WITH_ERRORS;
  const deserializer = new Deserializer(hasErrors ? Buffer.concat([V8S_FIRST, bytes.subarray(1)]) : bytes);
  deserializer.readHeader();
  const value: unknown = deserializer.readValue();
  return hasErrors ? unpack(value as Packed) : value;
}

/** The first byte, which else is V8's. */
const V8S_FIRST = Uint8Array.of(0xff);
const WITH_ERRORS = 0xfe;

/** Has what is of a class be stored nowhere, and say so. */
export function staysUnstored(prototype: object, why: string): void {
  unstored.set(prototype, why);
}

const unstored = new WeakMap<object, string>();

/**
 * Whether there are errors in `value`. Throws if an object of the platform is: most of them are plain JavaScript in
 * Node, and would be written as if they had nothing in them.
 */
function lookThrough(value: unknown): boolean {
  let hasErrors = false;
  const seen = new Set<unknown>();
  const waiting = [value];
  const visit = (found: unknown) => waiting.push(found);
  while (waiting.length > 0) {
    const object = waiting.pop();
    if (typeof object !== 'object' || object === null || seen.has(object)) continue;
    seen.add(object);
    // The serializer refuses proxies, without asking them anything. Views hold numbers.
    if (types.isProxy(object) || ArrayBuffer.isView(object)) continue;
    if (isError(object)) hasErrors = true;
    else if (isPlatformObject(object)) throw unserializable(object);
    if (types.isMap(object)) {
      for (const entry of Map.prototype.entries.call(object)) entry.forEach(visit);
    } else if (types.isSet(object)) {
      for (const member of Set.prototype.values.call(object)) visit(member);
    }
    Object.values(object).forEach(visit);
  }
  return hasErrors;
}

function isPlatformObject(object: object): boolean {
  for (let prototype = Object.getPrototypeOf(object); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const why = unstored.get(prototype);
    if (why !== undefined) throw new DOMException(why, 'DataCloneError');
    if (isExposed(prototype) || (platformPrototypes ??= findPlatformPrototypes()).has(prototype)) return true;
  }
  return false;
}

let platformPrototypes: ReadonlySet<unknown> | undefined;

/** Before a program adds its own. */
const globalNames = Object.getOwnPropertyNames(globalThis);

/** Those of the global classes that are not the language's: what becomes of the latter V8 knows. */
function findPlatformPrototypes(): Set<unknown> {
  const language = new Set<string>(runInNewContext('Object.getOwnPropertyNames(globalThis)'));
  const names = globalNames.filter((name) => /^[A-Z]/.test(name) && !language.has(name));
  const prototypes = new Set(names.map((name) => (globalThis as any)[name]?.prototype));
  prototypes.delete(undefined);
  return prototypes;
}

/** @param name of its class, if it is not seen from the object */
export function unserializable(object: object, name = object.constructor?.name || 'Object'): DOMException {
  return new DOMException(refusals[name] ?? `Could not serialize object of type "${name}". This type does not support serialization.`, 'DataCloneError');
}

const refusals: Record<string, string | undefined> = {
  ReadableStream: 'ReadableStream can only be serialized for RPC.',
  WritableStream: 'WritableStream can only be serialized for RPC.',
  AbortSignal: 'AbortSignal serialization is not enabled.',
};

/**
 * Node-API for the module: as much of it as the native half calls, with the meaning that Node's reference gives it.
 *
 * A value is a handle; what a function gives goes to the address that is its last argument, and it returns a status.
 */

import { Buffer } from 'node:buffer';
import { webcrypto } from 'node:crypto';
import type { Memory } from './memory';
import { Constant, Handles, isObject, Natives, References } from './values';

const enum Status {
  Ok,
  InvalidArg,
  ObjectExpected,
  StringExpected,
  NumberExpected = 6,
  BooleanExpected,
  ArrayExpected,
  GenericFailure,
  PendingException,
}

/** The environment: there is one, and the module only passes it on. */
export const ENV = 1;

/** As much as is given at once. */
const MOST_RANDOM = 65_536;

interface Call {
  self: unknown;
  args: unknown[];
  data: number;
}

type Callback = (env: number, info: number) => number;
type Finalize = (env: number, data: number, hint: number) => void;

const TYPED = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
const TYPES = ['undefined', 'null', 'boolean', 'number', 'string', 'symbol', 'object', 'function', 'external', 'bigint'];

export class NodeApi {
  private readonly handles = new Handles();
  private readonly references = new References();
  /** Of wrapped objects, and of externals. */
  private readonly wrapped = new Natives();
  private readonly externals = new Natives();
  private readonly calls: Call[] = [];
  private pending: { error: unknown } | undefined;
  /** Bytes that were copied for the calls that run: address and length in turn. */
  private copies: number[] = [];
  private shared = Buffer.alloc(0);
  /**
   * By size: as much as the module holds for objects of JavaScript's, never touched. The collector counts only its own.
   */
  private readonly weights = new Map<number, ArrayBuffer[]>();

  constructor(private readonly memory: Memory) {}

  /** Has the module register what it has. */
  register(): object {
    const exports = {};
    const mark = this.handles.mark;
    for (const [name, value] of Object.entries(this.memory.exports as unknown as Record<string, () => void>)) {
      if (name.startsWith('__napi_register__')) value();
    }
    this.memory.exports.napi_register_wasm_v1(ENV, this.handles.add(exports));
    this.handles.release(mark);
    this.rethrow();
    return exports;
  }

  /** What the module imports as `env` and `napi`. */
  readonly imports = {
    napi_get_undefined: (_env: number, result: number) => this.give(result, Constant.Undefined),
    napi_get_null: (_env: number, result: number) => this.give(result, Constant.Null),
    napi_get_global: (_env: number, result: number) => this.give(result, Constant.Global),
    napi_get_boolean: (_env: number, value: number, result: number) => this.give(result, value === 0 ? Constant.False : Constant.True),
    napi_create_uint32: (_env: number, value: number, result: number) => this.giveValue(result, value >>> 0),
    napi_create_double: (_env: number, value: number, result: number) => this.giveValue(result, value),
    napi_create_object: (_env: number, result: number) => this.giveValue(result, {}),
    napi_create_array_with_length: (_env: number, length: number, result: number) => this.giveValue(result, new Array(length)),

    napi_create_string_latin1: (_env: number, text: number, length: number, result: number) =>
      this.giveValue(result, this.memory.bytes.toString('latin1', text, text + length)),
    napi_create_string_utf8: (_env: number, text: number, length: number, result: number) => this.giveValue(result, this.memory.utf8(text, length)),
    napi_create_string_utf16: (_env: number, text: number, length: number, result: number) =>
      this.giveValue(result, this.memory.bytes.toString('utf16le', text, text + length * 2)),

    napi_create_buffer: (_env: number, length: number, data: number, result: number) => {
      // Its memory is not the module's: nothing could be written to it.
      if (length !== 0) return Status.GenericFailure;
      this.memory.put(data, 0);
      return this.giveValue(result, Buffer.alloc(0));
    },
    napi_create_buffer_copy: (_env: number, length: number, from: number, data: number, result: number) => {
      this.memory.put(data, 0);
      return this.giveValue(result, Buffer.from(this.memory.bytes.subarray(from, from + length)));
    },
    napi_create_arraybuffer: () => Status.GenericFailure,

    napi_typeof: (_env: number, value: number, result: number) => this.give(result, TYPES.indexOf(this.typeOf(this.handles.get(value)))),
    napi_is_error: (_env: number, value: number, result: number) => this.giveFlag(result, this.handles.get(value) instanceof Error),
    napi_strict_equals: (_env: number, a: number, b: number, result: number) => this.giveFlag(result, this.handles.get(a) === this.handles.get(b)),

    napi_get_value_bool: (_env: number, value: number, result: number) => {
      const flag = this.handles.get(value);
      return typeof flag === 'boolean' ? this.giveFlag(result, flag) : Status.BooleanExpected;
    },
    napi_get_value_double: (_env: number, value: number, result: number) => {
      const number = this.handles.get(value);
      if (typeof number !== 'number') return Status.NumberExpected;
      this.memory.view.setFloat64(result, number, true);
      return Status.Ok;
    },
    napi_get_value_uint32: (_env: number, value: number, result: number) => this.giveInteger(result, value),
    napi_get_value_int32: (_env: number, value: number, result: number) => this.giveInteger(result, value),
    /** @param room in bytes, of which the last is for a NUL */
    napi_get_value_string_utf8: (_env: number, value: number, to: number, room: number, result: number) => {
      const text = this.handles.get(value);
      if (typeof text !== 'string') return Status.StringExpected;
      if (to === 0) return this.give(result, Buffer.byteLength(text));
      if (room === 0) return this.give(result, 0);
      const written = this.memory.bytes.write(text, to, room - 1);
      this.memory.bytes[to + written] = 0;
      return this.give(result, written);
    },

    napi_coerce_to_string: (_env: number, value: number, result: number) => this.attempt(result, () => String(this.handles.get(value))),
    napi_coerce_to_object: (_env: number, value: number, result: number) => this.attempt(result, () => Object(this.handles.get(value))),

    napi_get_prototype: (_env: number, object: number, result: number) => this.attempt(result, () => Object.getPrototypeOf(this.handles.get(object))),
    napi_get_property: (_env: number, object: number, key: number, result: number) =>
      this.attempt(result, () => Object(this.handles.get(object))[this.handles.get(key) as PropertyKey]),
    napi_get_named_property: (_env: number, object: number, name: number, result: number) =>
      this.attempt(result, () => Object(this.handles.get(object))[this.memory.utf8(name, -1)]),
    napi_set_named_property: (_env: number, object: number, name: number, value: number) =>
      this.attempt(0, () => Reflect.set(this.handles.get(object) as object, this.memory.utf8(name, -1), this.handles.get(value))),
    napi_has_own_property: (_env: number, object: number, key: number, result: number) => {
      const has = isObject(this.handles.get(object)) && Object.hasOwn(this.handles.get(object) as object, this.handles.get(key) as PropertyKey);
      return this.giveFlag(result, has);
    },
    napi_get_element: (_env: number, object: number, index: number, result: number) =>
      this.attempt(result, () => (this.handles.get(object) as unknown[])[index]),
    napi_set_element: (_env: number, object: number, index: number, value: number) =>
      this.attempt(0, () => ((this.handles.get(object) as unknown[])[index] = this.handles.get(value))),
    napi_get_array_length: (_env: number, array: number, result: number) => {
      const value = this.handles.get(array);
      return Array.isArray(value) ? this.give(result, value.length) : Status.ArrayExpected;
    },
    napi_define_properties: (_env: number, object: number, count: number, properties: number) =>
      this.attempt(0, () => this.define(this.handles.get(object) as object, this.properties(count, properties))),

    napi_get_typedarray_info: (_env: number, value: number, type: number, length: number, data: number, buffer: number, offset: number) => {
      const array = this.handles.get(value);
      const kind = TYPED.findIndex((constructor) => array instanceof constructor);
      if (kind < 0) return Status.InvalidArg;
      const { length: elements, byteLength, byteOffset, buffer: whole } = array as Uint8Array;
      this.memory.put(type, kind);
      this.memory.put(length, elements);
      if (data !== 0) this.memory.put(data, byteLength === 0 ? 0 : this.lend(new Uint8Array(whole, byteOffset, byteLength)));
      if (buffer !== 0) this.giveValue(buffer, whole);
      this.memory.put(offset, byteOffset);
      return Status.Ok;
    },

    napi_create_function: (_env: number, name: number, length: number, callback: number, data: number, result: number) =>
      this.giveValue(result, this.function(name === 0 ? '' : this.memory.utf8(name, length), callback, data)),
    napi_define_class: (_env: number, name: number, length: number, callback: number, data: number, count: number, properties: number, result: number) => {
      const api = this;
      const call = this.callback(callback);
      const made = function (this: object, ...args: unknown[]): void {
        if (new.target === undefined) throw new TypeError(`Class constructor ${made.name} cannot be invoked without 'new'`);
        api.call(call, this, args, data);
      };
      Object.defineProperty(made, 'name', { value: this.memory.utf8(name, length) });
      const all = this.properties(count, properties);
      this.define(made, all.filter(({ isStatic }) => isStatic));
      this.define(made.prototype, all.filter(({ isStatic }) => !isStatic));
      return this.giveValue(result, made);
    },
    napi_call_function: (_env: number, self: number, callee: number, count: number, args: number, result: number) =>
      this.attempt(result, () => {
        const values = Array.from({ length: count }, (_, at) => this.handles.get(this.memory.view.getUint32(args + at * 4, true)));
        return Reflect.apply(this.handles.get(callee) as () => unknown, this.handles.get(self), values);
      }),
    /** @param count how many arguments there is room for; gets how many there are */
    napi_get_cb_info: (_env: number, info: number, count: number, values: number, self: number, data: number) => {
      const call = this.calls[info]!;
      if (count !== 0) {
        const room = this.memory.view.getUint32(count, true);
        for (let at = 0; at < room; at++) {
          this.give(values + at * 4, at < call.args.length ? this.handles.add(call.args[at]) : Constant.Undefined);
        }
        this.give(count, call.args.length);
      }
      if (self !== 0) this.giveValue(self, call.self);
      this.memory.put(data, call.data);
      return Status.Ok;
    },

    napi_wrap: (_env: number, object: number, address: number, finalize: number, hint: number, result: number) => {
      const value = this.handles.get(object) as object;
      this.wrapped.put(value, address, this.finalizer(finalize, address, hint));
      this.memory.put(result, result === 0 ? 0 : this.references.add(value, 0));
      return Status.Ok;
    },
    napi_unwrap: (_env: number, object: number, result: number) => {
      const address = this.wrapped.get(this.handles.get(object));
      return address === undefined ? Status.InvalidArg : this.give(result, address);
    },
    napi_create_external: (_env: number, address: number, finalize: number, hint: number, result: number) => {
      const external = Object.freeze(Object.create(null));
      this.externals.put(external, address, this.finalizer(finalize, address, hint));
      return this.giveValue(result, external);
    },
    napi_get_value_external: (_env: number, value: number, result: number) => {
      const address = this.externals.get(this.handles.get(value));
      return address === undefined ? Status.InvalidArg : this.give(result, address);
    },

    napi_create_reference: (_env: number, value: number, count: number, result: number) =>
      this.give(result, this.references.add(this.handles.get(value), count)),
    napi_delete_reference: (_env: number, reference: number) => {
      this.references.delete(reference);
      return Status.Ok;
    },
    napi_reference_unref: (_env: number, reference: number, result: number) => {
      this.memory.put(result, this.references.unref(reference));
      return Status.Ok;
    },
    napi_get_reference_value: (_env: number, reference: number, result: number) => {
      const value = this.references.get(reference);
      return value === undefined ? this.give(result, 0) : this.giveValue(result, value);
    },

    napi_create_error: (_env: number, code: number, message: number, result: number) => {
      const error = new Error(String(this.handles.get(message)));
      if (code !== 0) Object.assign(error, { code: this.handles.get(code) });
      return this.giveValue(result, error);
    },
    napi_throw: (_env: number, error: number) => {
      this.pending = { error: this.handles.get(error) };
      return Status.Ok;
    },
    napi_throw_error: (_env: number, code: number, message: number) => {
      const error = new Error(this.memory.utf8(message, -1));
      this.pending = { error: code === 0 ? error : Object.assign(error, { code: this.memory.utf8(code, -1) }) };
      return Status.Ok;
    },
    napi_is_exception_pending: (_env: number, result: number) => this.giveFlag(result, this.pending !== undefined),
    napi_get_and_clear_last_exception: (_env: number, result: number) => {
      const { pending } = this;
      this.pending = undefined;
      return pending === undefined ? this.give(result, Constant.Undefined) : this.giveValue(result, pending.error);
    },

    // There is one thread, and the process ends without a word.
    napi_add_env_cleanup_hook: () => Status.Ok,
    napi_create_threadsafe_function: (...args: number[]) => this.give(args.at(-1)!, 1),
    napi_unref_threadsafe_function: () => Status.Ok,
    napi_call_threadsafe_function: () => Status.GenericFailure,
    napi_cancel_async_work: () => Status.GenericFailure,
  };

  /** What it imports as `wspair`: see src/memory/copied.rs. */
  readonly own = {
    bytes_length: (value: number) => this.bytes(value)?.length ?? 0,
    bytes_in: (value: number, from: number, to: number, length: number) => {
      this.memory.bytes.set(this.bytes(value)?.subarray(from, from + length) ?? [], to);
    },
    bytes_out: (value: number, to: number, from: number, length: number) => {
      this.bytes(value)?.set(this.memory.bytes.subarray(from, from + length), to);
    },
    shared_new: (exports: number, name: number, length: number) => {
      const buffer = new ArrayBuffer(length);
      this.shared = Buffer.from(buffer);
      Object.assign(this.handles.get(exports) as object, { [this.memory.utf8(name, -1)]: buffer });
    },
    shared_out: (from: number, length: number) => {
      this.memory.bytes.copy(this.shared, 0, from, from + length);
    },
    weigh: (bytes: number) => {
      const size = Math.abs(bytes);
      let held = this.weights.get(size);
      if (held === undefined) this.weights.set(size, (held = []));
      if (bytes > 0) held.push(new ArrayBuffer(size));
      else held.pop();
    },
    random: (to: number, length: number) => {
      for (let at = to; at < to + length; at += MOST_RANDOM) {
        webcrypto.getRandomValues(this.memory.bytes.subarray(at, Math.min(at + MOST_RANDOM, to + length)));
      }
    },
    throw: (text: number, length: number, message: number) => {
      console.error(this.memory.utf8(text, length));
      throw new Error(this.memory.utf8(text + length - message, message));
    },
  };

  private bytes(value: number): Uint8Array | undefined {
    const array = this.handles.get(value);
    return array instanceof Uint8Array ? array : undefined;
  }

  /** A copy for as long as the call from JavaScript runs. */
  private lend(bytes: Uint8Array): number {
    const address = this.memory.copy(bytes);
    this.copies.push(address, bytes.length);
    return address;
  }

  private give(result: number, word: number): Status {
    this.memory.put(result, word);
    return Status.Ok;
  }

  private giveValue(result: number, value: unknown): Status {
    return this.give(result, this.handles.add(value));
  }

  private giveFlag(result: number, flag: boolean): Status {
    this.memory.view.setUint8(result, flag ? 1 : 0);
    return Status.Ok;
  }

  private giveInteger(result: number, value: number): Status {
    const number = this.handles.get(value);
    return typeof number === 'number' ? this.give(result, number | 0) : Status.NumberExpected;
  }

  /** What a program's own code may throw in. */
  private attempt(result: number, f: () => unknown): Status {
    try {
      const value = f();
      return result === 0 ? Status.Ok : this.giveValue(result, value);
    } catch (error) {
      this.pending = { error };
      return Status.PendingException;
    }
  }

  private typeOf(value: unknown): string {
    if (value === null) return 'null';
    return this.externals.has(value) ? 'external' : typeof value;
  }

  private callback(index: number): Callback {
    return this.memory.exports.__indirect_function_table.get(index);
  }

  private finalizer(index: number, address: number, hint: number): () => void {
    if (index === 0) return () => {};
    const finalize: Finalize = this.memory.exports.__indirect_function_table.get(index);
    return () => finalize(ENV, address, hint);
  }

  private function(name: string, callback: number, data: number): object {
    const api = this;
    const call = this.callback(callback);
    const made = function (this: unknown, ...args: unknown[]): unknown {
      return api.call(call, this, args, data);
    };
    return Object.defineProperty(made, 'name', { value: name });
  }

  private call(callback: Callback, self: unknown, args: unknown[], data: number): unknown {
    const { mark } = this.handles;
    const info = this.calls.push({ self, args, data }) - 1;
    try {
      const result = this.handles.get(callback(ENV, info));
      if (this.pending !== undefined) this.rethrow();
      return result;
    } finally {
      this.calls.pop();
      this.handles.release(mark);
      if (info === 0 && this.copies.length > 0) this.freeCopies();
    }
  }

  private freeCopies(): void {
    for (let at = 0; at < this.copies.length; at += 2) this.memory.free(this.copies[at]!, this.copies[at + 1]!);
    this.copies = [];
  }

  private rethrow(): void {
    const { pending } = this;
    this.pending = undefined;
    if (pending !== undefined) throw pending.error;
  }

  /** A list of `napi_property_descriptor`. */
  private properties(count: number, address: number) {
    return Array.from({ length: count }, (_, at) => {
      const words = Array.from({ length: 8 }, (_, word) => this.memory.view.getUint32(address + at * 32 + word * 4, true));
      const [text, key, method, getter, setter, value, attributes, data] = words as [number, number, number, number, number, number, number, number];
      const name = text === 0 ? (this.handles.get(key) as string) : this.memory.utf8(text, -1);
      const of = (callback: number) => (callback === 0 ? undefined : (this.function(name, callback, data) as () => unknown));
      const flags = { enumerable: (attributes & 2) !== 0, configurable: (attributes & 4) !== 0 };
      const accessors = { get: of(getter), set: of(setter), ...flags };
      const plain = { value: method === 0 ? this.handles.get(value) : of(method), writable: (attributes & 1) !== 0, ...flags };
      return { name, descriptor: (getter !== 0 || setter !== 0 ? accessors : plain) as PropertyDescriptor, isStatic: (attributes & 1024) !== 0 };
    });
  }

  private define(object: object, properties: { name: string; descriptor: PropertyDescriptor }[]): void {
    for (const { name, descriptor } of properties) Object.defineProperty(object, name, descriptor);
  }
}

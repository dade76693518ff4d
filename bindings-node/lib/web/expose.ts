/** Makes a class look as the runtime's own do. */

import { inspect } from 'node:util';
import * as threads from 'node:worker_threads';
import type { Compat } from './compat';
import { constructorCalled } from './errors';

type Constructor = abstract new (...args: any[]) => object;

/**
 * Gives the function that programs get to see for `implementation`: without `new` it says what is
 * wrong, and it tells nothing of parameters. The members of its prototype are enumerable, and a
 * string tag names it. `shown` are the properties that a console prints.
 *
 * The shell itself goes on making instances with `implementation`: they are the same.
 */
export function expose<T>(implementation: Constructor, compat: Compat, shown: string[]): T {
  const { name, prototype } = implementation;
  // Named by its key: the engine's own messages show it.
  const face = {
    [name]: function (...args: unknown[]) {
      if (new.target === undefined) throw constructorCalled(name);
      if (new.target === face) return new (implementation as new (...args: unknown[]) => object)(...args);
      return Reflect.construct(implementation, args, new.target);
    },
  }[name]!;
  Object.defineProperty(face, 'prototype', { value: prototype, writable: false });

  exposed.add(prototype);
  const parent = Object.getPrototypeOf(prototype);
  if (Object.getPrototypeOf(implementation) !== Function.prototype) {
    Object.setPrototypeOf(face, parent.constructor);
  }
  showMembers(prototype);
  define(prototype, 'constructor', face);
  // Without the flag it is hidden, else that of a prototype further up would be seen.
  define(prototype, Symbol.toStringTag, compat.has('set_tostring_tag') ? name : undefined);
  define(prototype, inspect.custom, function (this: Record<string, unknown>, _depth: number, options: object) {
    const own = Object.assign({}, this);
    for (const key of shown) own[key] = this[key];
    return `${this.constructor.name} ${inspect(own, options)}`;
  });
  return face as T;
}

const exposed = new WeakSet<object>();

/** Whether this is the prototype of one of these classes, of any compatibility date. */
export function isExposed(prototype: object): boolean {
  return exposed.has(prototype);
}

/**
 * Has `structuredClone` refuse an object of the program, from Node 22.10 on; before it gives one with nothing in it.
 */
export const refuseClones: (object: object) => void =
  (threads as { markAsUncloneable?(object: object): void }).markAsUncloneable ?? (() => {});

/** Has a class be named as the runtime's, and made by nobody but the package itself. */
export function conceal(implementation: { readonly prototype: object }, name: string): void {
  const face = {
    [name]: function () {
      throw new TypeError('Illegal constructor');
    },
  }[name]!;
  const { prototype } = implementation;
  Object.defineProperty(face, 'prototype', { value: prototype, writable: false });
  exposed.add(prototype);
  showMembers(prototype);
  define(prototype, 'constructor', face);
  define(prototype, Symbol.toStringTag, name);
}

function showMembers(prototype: object): void {
  for (const key of Object.getOwnPropertyNames(prototype)) Object.defineProperty(prototype, key, { enumerable: key !== 'constructor' });
}

/** Constants, on the class and on its instances. */
export function constants(face: { prototype: object }, values: Record<string, number>): void {
  for (const [key, value] of Object.entries(values)) {
    const constant = { value, enumerable: true, configurable: true };
    Object.defineProperty(face, key, constant);
    Object.defineProperty(face.prototype, key, constant);
  }
}

/**
 * Has objects of `prototype` be instances of a global class too, for code that asks. Of its
 * members none is left in sight: they know nothing of such objects.
 */
export function inherit(prototype: object, global: object): void {
  for (const key of Object.getOwnPropertyNames(global)) {
    if (!Object.hasOwn(prototype, key)) define(prototype, key, undefined);
  }
  Object.setPrototypeOf(prototype, global);
}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

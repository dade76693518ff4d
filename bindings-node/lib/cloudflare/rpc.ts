/** Calls as between Workers: stubs, and promises whose members can be called before they are kept. */

import { carry, passes, standsIn } from './carry';
import { current, type Place, surrounded } from './surroundings';

/** What may be called from elsewhere: the methods of its class. */
export abstract class RpcTarget {}
standsIn(RpcTarget.prototype);

/** Where the members of something are that is called from elsewhere. */
export interface Hook {
  /** The value at the end of a path of names. */
  get(path: readonly string[]): Promise<unknown>;
  /** What the function there gives. */
  call(path: readonly string[], args: unknown[]): Promise<unknown>;
  /** Another one that has to be let go of, too. */
  dup?(): Hook;
  /** Nobody calls it any more. */
  dispose?(): void;
  /** An error that arose there, as it is seen here. */
  thrown?(error: unknown): unknown;
}

/** Calls an object as if it were elsewhere. */
export class RpcStub {
  constructor(target: unknown) {
    if ((typeof target !== 'object' && typeof target !== 'function') || target === null) {
      throw new TypeError("Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.");
    }
    if (!isWrappable(target)) {
      throw new TypeError('RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.');
    }
    return stubOf(new Local(target, placeHere())) as RpcStub;
  }
}

/** What a call gives: a promise that has the members of its value. */
export class RpcPromise {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

/** A member of a stub, to be called, or awaited for its value. */
export class RpcProperty {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

/** Another Worker, or another entrypoint of this one. */
export class ServiceStub {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

/** A copy of what goes from here to elsewhere: what has functions is called back here, or in `place`. */
export function carryOut(value: unknown, place?: Place): unknown {
  return carry(value, (target) => stubOf(new Local(target, place ?? placeHere())));
}

/** A member of what is behind `hook`, as a stub shows it. */
export function memberOf(hook: Hook, path: readonly string[]): unknown {
  let asked: Promise<unknown> | undefined;
  const value = () => (asked ??= hook.get(path));
  return shown(RpcProperty, (args) => promiseOf(hook.call(path, args), hook), (key) => {
    if (isOfPromise(key)) return (...args: unknown[]) => (value() as any)[key](...args);
    return memberOf(hook, [...path, key]);
  });
}

/**
 * What a call gives at once, for what it gives later.
 *
 * @param from what was called
 */
export function promiseOf(result: Promise<unknown>, from?: Hook): unknown {
  // Who only calls a member of it has not asked for this.
  result.catch(() => {});
  const hook = new Later(result, (error) => from?.thrown?.(error) ?? error);
  return shown(RpcPromise, (args) => promiseOf(hook.call([], args)), (key) => {
    if (isOfPromise(key)) return (result as any)[key].bind(result);
    return memberOf(hook, [key]);
  }, () => hook.dispose());
}

function stubOf(hook: Hook): unknown {
  const stub = shown(RpcStub, (args) => promiseOf(hook.call([], args), hook), (key) => {
    // Else awaiting a stub would call it.
    if (key === 'then') return undefined;
    return key === 'dup' ? () => stubOf(hook.dup?.() ?? hook) : memberOf(hook, [key]);
  }, () => hook.dispose?.());
  hooks.set(stub, hook);
  return stub;
}

const hooks = new WeakMap<object, Hook>();

const isOfPromise = (key: string): key is 'then' | 'catch' | 'finally' => key === 'then' || key === 'catch' || key === 'finally';

function shown(Class: any, call: (args: unknown[]) => unknown, member: (key: string) => unknown, dispose: () => void = () => {}): any {
  const proxy = new Proxy(() => {}, {
    getPrototypeOf: () => Class.prototype,
    apply: (_target, _this, args) => call(args),
    get(_target, key) {
      if (key === 'constructor') return Class;
      if (typeof key === 'string') return key in Object.prototype ? Reflect.get(Object.prototype, key) : member(key);
      if (key === Symbol.toStringTag) return `Js${Class.name}`;
      return key === (Symbol as { dispose?: symbol }).dispose ? dispose : undefined;
    },
  });
  return passes(proxy);
}

/** An object of the same process. */
class Local implements Hook {
  constructor(
    private readonly target: object,
    private readonly place: Place,
    private readonly users = { count: 1 },
  ) {}

  get(path: readonly string[]): Promise<unknown> {
    return this.place(async () => carryOut(await walk(this.target, path)));
  }

  async call(path: readonly string[], args: unknown[]): Promise<unknown> {
    const carried = carryOut(args) as unknown[];
    return this.place(async () => carryOut(await callAt(this.target, path, carried)));
  }

  dup(): Hook {
    this.users.count++;
    return new Local(this.target, this.place, this.users);
  }

  dispose(): void {
    const { dispose } = Symbol as { dispose?: symbol };
    if (--this.users.count > 0 || dispose === undefined) return;
    const method = (this.target as any)[dispose];
    if (typeof method === 'function') void this.place(() => method.call(this.target)).catch(() => {});
  }
}

/** What a call is going to give, which came over already. */
class Later implements Hook {
  constructor(
    private readonly result: Promise<unknown>,
    readonly thrown: (error: unknown) => unknown,
  ) {}

  async get(path: readonly string[]): Promise<unknown> {
    const [value, rest] = await this.reached(path);
    return rest.length === 0 ? value : hooks.get(value as object)!.get(rest);
  }

  async call(path: readonly string[], args: unknown[]): Promise<unknown> {
    // Before anything is waited for: what happens to them later is not what was called with.
    const carried = carryOut(args) as unknown[];
    const [value, rest] = await this.reached(path);
    const hook = typeof value === 'function' ? hooks.get(value) : undefined;
    if (hook !== undefined) return hook.call(rest, carried);
    if (typeof value === 'function') return (value as (...args: unknown[]) => unknown)(...carried);
    throw this.thrown(notFunction(path.at(-1) ?? ''));
  }

  dispose(): void {
    this.result.then((value) => hooks.get(Object(value))?.dispose?.(), () => {});
  }

  /** As far as there are values, and what is left of the path behind a stub. */
  private async reached(path: readonly string[]): Promise<[unknown, readonly string[]]> {
    let value = await this.result;
    for (const [at, key] of path.entries()) {
      if (hooks.has(Object(value))) return [value, path.slice(at)];
      if (!isOwn(value, key) && !isPassed(value)) throw this.thrown(notImplemented(key));
      value = (value as any)[key];
    }
    return [value, []];
  }
}

const isOwn = (value: unknown, key: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, key);

/** Whether it is a stub of an object elsewhere, or something of the platform, which has its members in its class. */
const isPassed = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== Object.prototype && !Array.isArray(value);

export async function walk(target: unknown, path: readonly string[]): Promise<unknown> {
  let value = target;
  for (const key of path) value = await visible(value, key);
  return value;
}

export async function callAt(target: unknown, path: readonly string[], args: unknown[]): Promise<unknown> {
  const owner = path.length > 1 ? await walk(target, path.slice(0, -1)) : target;
  const key = path.at(-1);
  const method = key === undefined ? target : visible(owner, key);
  if (typeof method !== 'function') throw notFunction(key ?? '');
  return method.apply(key === undefined ? undefined : owner, args);
}

export function notFunction(key: string): TypeError {
  return new TypeError(`"${key}" is not a function.`);
}

export function notImplemented(key: string): TypeError {
  return new TypeError(`The RPC receiver does not implement the method "${key}".`);
}

/** A target shows what its class has, another object what is its own. */
function visible(owner: any, key: string): unknown {
  if (owner instanceof RpcTarget ? !(key in Object.prototype) && !Object.hasOwn(owner, key) && key in owner : isOwn(owner, key) || passedAlready(owner)) return (owner as any)[key];
  throw notImplemented(key);
}

const passedAlready = (owner: unknown): boolean => hooks.has(Object(owner));

/** Calls come back to where the code that runs now is. */
function placeHere(): Place {
  const around = current();
  if (around.place !== undefined) return around.place;
  return async (call) => surrounded(around, call);
}

function isWrappable(target: object): boolean {
  const prototype = Object.getPrototypeOf(target);
  return typeof target === 'function' || target instanceof RpcTarget || prototype === Object.prototype || prototype === null;
}

/** Calls as between Workers: stubs, and promises whose members can be called before they are kept. */

import { report } from '../basics/report';
import { carry, isPassing, standsIn, staysHere } from './carry';
import { asked, current, type Place, surrounded } from './surroundings';
import { thrownThere } from './thrown';

/** What may be called from elsewhere: the methods of its class. */
export abstract class RpcTarget {}
standsIn(RpcTarget.prototype);

/** Where the members of something are that is called from elsewhere. */
export interface Hook {
  /** The value at the end of a path of names. */
  get(path: readonly string[]): Promise<unknown>;
  /** What the function there gives. */
  call(path: readonly string[], args: unknown[]): Promise<unknown>;
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

/** A copy of what a call gives. Stubs in it are the caller's from now on, who may let go of them all at once. */
export function handOver(value: unknown): unknown {
  const parcel = new Parcel(value);
  parcel.give();
  const { content } = parcel;
  const { dispose } = symbols;
  if (typeof content === 'object' && content !== null && dispose !== undefined) {
    Object.defineProperty(content, dispose, { value: () => parcel.dispose(), writable: true, configurable: true });
  }
  return content;
}

/** Makes a call with copies of its arguments. Stubs among them end with the call, unless they were duplicated. */
export async function calling<T>(args: unknown[], call: (carried: unknown[]) => Promise<T>): Promise<T> {
  const parcel = new Parcel(args);
  try {
    return await call(parcel.content as unknown[]);
  } finally {
    parcel.dispose();
  }
}

/** What goes from one place to another, and the stubs in it. */
class Parcel {
  readonly content: unknown;
  private readonly stubs: Local[] = [];
  private readonly given: Local[] = [];

  constructor(value: unknown) {
    this.content = carry(value, (target) => this.stand(target));
  }

  /** Stubs that it was made from are not the sender's any more. */
  give(): void {
    for (const stub of this.given) stub.dispose();
  }

  dispose(): void {
    for (const stub of this.stubs) stub.dispose();
  }

  private stand(target: object): unknown {
    const given = hooks.get(target);
    if (given !== undefined) this.given.push(given);
    const stub = given?.another() ?? new Local(target, placeHere());
    this.stubs.push(stub);
    return stubOf(stub);
  }
}

/** A member of what is behind `hook`, as a stub shows it. */
export function memberOf(hook: Hook, path: readonly string[]): unknown {
  let asked: Promise<unknown> | undefined;
  const value = () => (asked ??= hook.get(path));
  const member = shown(RpcProperty, (args) => promiseOf(hook.call(path, args), hook), (key) => {
    if (isOfPromise(key)) return (...args: unknown[]) => (value() as any)[key](...args);
    return memberOf(hook, [...path, key]);
  });
  return staysHere(member, 'RpcProperty');
}

/**
 * What a call gives at once, for what it gives later.
 *
 * @param from what was called
 */
export function promiseOf(result: Promise<unknown>, from?: Hook): unknown {
  const hook = new Later(result, (error) => from?.thrown?.(error) ?? error);
  const promise = shown(RpcPromise, (args) => promiseOf(hook.call([], args)), (key) => {
    if (isOfPromise(key)) return (result as any)[key].bind(result);
    return memberOf(hook, [key]);
  }, () => hook.dispose());
  return staysHere(promise, 'RpcPromise');
}

function stubOf(hook: Local): unknown {
  const stub = shown(RpcStub, (args) => promiseOf(hook.call([], args), hook), (key) => {
    // Else awaiting a stub would call it.
    if (key === 'then') return undefined;
    return key === 'dup' ? () => stubOf(hook.dup()) : memberOf(hook, [key]);
  }, () => hook.dispose());
  hooks.set(stub, hook);
  return stub;
}

const hooks = new WeakMap<object, Local>();

const isOfPromise = (key: string): key is 'then' | 'catch' | 'finally' => key === 'then' || key === 'catch' || key === 'finally';

/** Node 20 has it as the runtime has; its declarations do not. */
const symbols = Symbol as { readonly dispose?: symbol };

function shown(Class: any, call: (args: unknown[]) => unknown, member: (key: string) => unknown, dispose?: () => void): any {
  /** What was set on it stays with it. */
  let own: Map<string | symbol, unknown> | undefined;
  return new Proxy(() => {}, {
    getPrototypeOf: () => Class.prototype,
    apply: (_target, _this, args) => call(args),
    set(_target, key, value) {
      (own ??= new Map()).set(key, value);
      return true;
    },
    deleteProperty(_target, key) {
      own?.delete(key);
      return true;
    },
    get(_target, key) {
      if (own?.has(key)) return own.get(key);
      if (key === 'constructor') return Class;
      if (isIndex(key)) return undefined;
      if (typeof key === 'string') return key in Object.prototype ? Reflect.get(Object.prototype, key) : member(key);
      if (key === Symbol.toStringTag) return `Js${Class.name}`;
      return key === symbols.dispose ? dispose : undefined;
    },
  });
}

/** The runtime's stubs have no members by number. */
export const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^(?:0|[1-9]\d{0,9})$/.test(key);

/** An object of the same process, as one of its stubs has it. */
class Local implements Hook {
  private isDisposed = false;

  constructor(
    private readonly target: object,
    private readonly place: Place,
    private readonly users = { count: 1 },
  ) {}

  async get(path: readonly string[]): Promise<unknown> {
    this.check();
    return asked(() => this.place(async () => handOver(await walk(this.target, path))));
  }

  async call(path: readonly string[], args: unknown[]): Promise<unknown> {
    this.check();
    return calling(args, (carried) => asked(() => this.place(async () => handOver(await callAt(this.target, path, carried)))));
  }

  /** Another one, which has to be let go of too. */
  dup(): Local {
    this.check();
    return this.another();
  }

  /** The same; of one that nobody may use any more, such a one. */
  another(): Local {
    const other = new Local(this.target, this.place, this.users);
    if (this.isDisposed) other.isDisposed = true;
    else this.users.count++;
    return other;
  }

  /** Once nobody has one, the target hears of it. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    const { dispose } = symbols;
    if (--this.users.count > 0 || dispose === undefined) return;
    const method = (this.target as any)[dispose];
    if (typeof method !== 'function') return;
    // Where there is no such place any more there is no target either.
    this.place(async () => {
      try {
        await method.call(this.target);
      } catch (error) {
        report(error);
      }
    }).catch(() => {});
  }

  private check(): void {
    if (this.isDisposed) throw new Error('RPC stub used after being disposed.');
  }
}

/** What a call is going to give, which came over already. */
class Later implements Hook {
  private isDisposed = false;
  /** What it gave, once it did. */
  private given: unknown;

  constructor(
    private readonly result: Promise<unknown>,
    readonly thrown: (error: unknown) => unknown,
  ) {
    // Nobody has to await it, as who only calls a member of it does not.
    result.then((value) => this.have(value), () => {});
  }

  async get(path: readonly string[]): Promise<unknown> {
    const [value, rest] = await this.reached(path);
    return rest.length === 0 ? value : hooks.get(value as object)!.get(rest);
  }

  /**
   * Its arguments are copied before anything is waited for: what happens to them later is not what it was called with.
   */
  call(path: readonly string[], args: unknown[]): Promise<unknown> {
    return calling(args, async (carried) => {
      const [value, rest] = await this.reached(path);
      const hook = typeof value === 'function' ? hooks.get(value) : undefined;
      if (hook !== undefined) return hook.call(rest, carried);
      if (typeof value === 'function') return (value as (...args: unknown[]) => unknown)(...carried);
      throw this.thrown(notFunction(path));
    });
  }

  dispose(): void {
    this.isDisposed = true;
    this.have(this.given);
  }

  private have(value: unknown): void {
    this.given = value;
    const { dispose } = symbols;
    if (this.isDisposed && dispose !== undefined) Object(value)[dispose]?.();
  }

  /** As far as there are values, and what is left of the path behind a stub. */
  private async reached(path: readonly string[]): Promise<[unknown, readonly string[]]> {
    if (this.isDisposed) throw new Error('RPC promise used after being disposed.');
    let value = await this.result;
    for (const [at, key] of path.entries()) {
      if (hooks.has(Object(value))) return [value, path.slice(at)];
      if (!isOwn(value, key) && !isPassing(value)) throw this.thrown(notImplemented(key));
      value = (value as any)[key];
    }
    return [value, []];
  }
}

/** Of what has classes, only plain objects show their members. */
const isOwn = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.hasOwn(value, key);

export async function walk(target: unknown, path: readonly string[]): Promise<unknown> {
  let value = target;
  for (const key of path) value = await visible(value, key);
  return value;
}

/** @param named the path as an error tells it, where it begins further up */
export async function callAt(target: unknown, path: readonly string[], args: unknown[], named = path): Promise<unknown> {
  const owner = path.length > 1 ? await walk(target, path.slice(0, -1)) : target;
  const key = path.at(-1);
  const method = key === undefined ? target : visible(owner, key);
  if (typeof method !== 'function') throw notFunction(named);
  return method.apply(owner, args);
}

export function notFunction(path: readonly string[]): TypeError {
  return absent(`"${path.join('.') || '(this)'}" is not a function.`);
}

export function notImplemented(key: string): TypeError {
  return absent(`The RPC receiver does not implement the method "${key}".`);
}

function absent(text: string): TypeError {
  const error = new TypeError(text);
  absences.add(error);
  return error;
}

const absences = new WeakSet<Error>();

/** Whether something was called that is not there, so that nothing of the program's ran. */
export const isAbsence = (error: unknown): boolean => absences.has(error as Error);

/** A target shows what its class has, another object what is its own. */
function visible(owner: any, key: string): unknown {
  if (!(owner instanceof RpcTarget)) {
    if (isOwn(owner, key) || hooks.has(Object(owner)) || isPassing(owner)) return owner[key];
  } else if (!(key in Object.prototype) && !Object.hasOwn(owner, key)) {
    // What has no value is not there, as a property that can only be set.
    const value = (owner as any)[key];
    if (value !== undefined) return value;
  }
  throw notImplemented(key);
}

/** Calls come back to where the code that runs now is. */
function placeHere(): Place {
  const around = current();
  if (around.place !== undefined) return around.place;
  return async (call) => {
    try {
      return await surrounded(around, call);
    } catch (error) {
      throw thrownThere(error);
    }
  };
}

function isWrappable(target: object): boolean {
  const prototype = Object.getPrototypeOf(target);
  return typeof target === 'function' || target instanceof RpcTarget || prototype === Object.prototype || prototype === null;
}

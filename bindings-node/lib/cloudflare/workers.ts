/** What Workers import as `cloudflare:workers`. */

import { inspect } from 'node:util';
import { notProvided } from './missing';
import { current, type Surroundings, surrounded, watchSurroundings } from './surroundings';

export { RpcPromise, RpcProperty, RpcStub, RpcTarget, ServiceStub } from './rpc';
export { type Span, tracing } from './tracing';

watchSurroundings();

/** The bindings of the Worker: those that `serve` or `upgrade` got, in the program's own hands else. */
export const env: Record<string, unknown> = live(() => current().env);

/** What the Worker itself exports: as long as there is nobody to call it from elsewhere, nothing. */
const own: Record<string, unknown> = live(() => current().exports);
export { own as exports };

/** Has the event that is being answered wait for a promise, whose failure is reported. */
export function waitUntil(promise: Promise<unknown>): void {
  if (arguments.length === 0) {
    throw new TypeError("Failed to execute 'waitUntil' on 'EntrypointsModule': parameter 1 is not of type 'Promise'.");
  }
  current().waitUntil(promise);
}

/** Runs `fn`, and what follows from it, with other bindings. */
export function withEnv<T>(env: unknown, fn: () => T): T {
  return within('withEnv', { env }, fn, 2);
}

/** Runs `fn`, and what follows from it, with other exports. */
export function withExports<T>(exports: unknown, fn: () => T): T {
  return within('withExports', { exports: Object(exports) }, fn, 2);
}

export function withEnvAndExports<T>(env: unknown, exports: unknown, fn: () => T): T {
  return within('withEnvAndExports', { env, exports: Object(exports) }, fn, 3);
}

/** A Worker's default export may be a class that extends this: one is made for each event. */
export abstract class WorkerEntrypoint<Env = unknown> {
  protected readonly ctx: any;
  protected readonly env: Env;

  constructor(ctx: object, env: Env) {
    this.ctx = object('WorkerEntrypoint', 1, 'Object', ctx);
    this.env = object('WorkerEntrypoint', 2, 'Object', env);
  }
}

/** What objects get as their `ctx`: those that were made for it. */
export const objectStates = new WeakSet<object>();

/** A class of objects that are one for each name. */
export abstract class DurableObject<Env = unknown> {
  protected readonly ctx: any;
  protected readonly env: Env;

  constructor(ctx: object, env: Env) {
    if (!objectStates.has(Object(ctx))) throw wrongType('DurableObjectBase', 1, 'DurableObjectState');
    this.ctx = ctx;
    this.env = object('DurableObjectBase', 2, 'Object', env);
  }
}

/** A class of long-running jobs. There is nothing that runs them. */
export abstract class WorkflowEntrypoint<Env = unknown> {
  protected readonly ctx: any;
  protected readonly env: Env;

  constructor(ctx: object, env: Env) {
    this.ctx = object('WorkflowEntrypoint', 1, 'ExecutionContext', ctx);
    this.env = object('WorkflowEntrypoint', 2, 'Object', env);
  }
}

export function abortIsolate(_reason?: string): never {
  throw notProvided('abortIsolate');
}

export const cache = {};

export const restore: symbol = Symbol('cloudflare:workers:restore');

/** An object that is whichever `find` gives at the moment. */
function live(find: () => unknown): Record<string, unknown> {
  const found = (): object => Object(find());
  const target = Object.defineProperty({}, inspect.custom, { value: found, configurable: true });
  return new Proxy(target, {
    get: (_target, key) => Reflect.get(found(), key),
    set: (_target, key, value) => Reflect.set(found(), key, value),
    has: (_target, key) => Reflect.has(found(), key),
    deleteProperty: (_target, key) => Reflect.deleteProperty(found(), key),
    ownKeys: () => Reflect.ownKeys(found()),
    defineProperty: (_target, key, descriptor) => Reflect.defineProperty(found(), key, descriptor),
    // A proxy may not tell of what cannot change unless its target has it too.
    getOwnPropertyDescriptor(_target, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(found(), key);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
}

function within<T>(method: string, around: Partial<Surroundings>, fn: () => T, position: number): T {
  if (typeof fn === 'function') return surrounded(around, fn);
  throw new TypeError(`Failed to execute '${method}' on 'EnvModule': parameter ${position} is not of type 'function'.`);
}

function object<T>(owner: string, position: number, type: string, value: T): T {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return value;
  throw wrongType(owner, position, type);
}

function wrongType(owner: string, position: number, type: string): TypeError {
  return new TypeError(`Failed to construct '${owner}': constructor parameter ${position} is not of type '${type}'.`);
}

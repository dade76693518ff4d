/** A Worker's own entrypoints, called by itself as by others. */

import { wrongArgument, wrongField } from '../web/errors';
import type * as dom from '../web/types';
import { passes } from './carry';
import { callAt, calling, handOver, type Hook, memberOf, notFunction, notImplemented, ServiceStub, walk } from './rpc';
import { type FetchInit, type FetchInput, fetchBy } from './stub-fetch';
import { asked, current, surrounded } from './surroundings';
import { thrownThere } from './thrown';
import { WorkerEntrypoint } from './workers';

type Class = new (ctx: unknown, env: unknown) => any;

/** Whether an export of the Worker's module can be called. */
export function isEntrypoint(exported: unknown): boolean {
  return isClass(exported) || (typeof exported === 'object' && exported !== null);
}

function isClass(exported: unknown): exported is Class {
  return typeof exported === 'function' && exported.prototype instanceof WorkerEntrypoint;
}

/**
 * What calls an export of the Worker's module, which has to be there by then. Itself called, it gives one with `props`.
 */
export function entrypointStub(exported: () => unknown, env: unknown, ctx: (props: object) => object): object {
  return stubWith({});

  function stubWith(props: object): object {
    const entrypoint = new Entrypoint(exported, env, () => ctx(props));
    const fetch = entrypoint.fetch.bind(entrypoint);
    return passes(
      new Proxy(() => {}, {
        getPrototypeOf: () => ServiceStub.prototype,
        has: (_target, key) => key !== 'then',
        apply: (_target, _this, given) => stubWith(propsOf(given)),
        get(_target, key) {
          if (key === 'fetch') return fetch;
          if (key === Symbol.toStringTag) return 'LoopbackServiceStub';
          if (key in Object.prototype) return Reflect.get(Object.prototype, key);
          return typeof key === 'string' && key !== 'then' ? memberOf(entrypoint, [key]) : undefined;
        },
      }),
    );
  }
}

/** A copy, as they may come from elsewhere. */
function propsOf(given: readonly unknown[]): object {
  const [options] = given;
  if (options === null) return {};
  if (!isObject(options)) throw wrongArgument('(called as function)', 'LoopbackServiceStub', 1, 'Options');
  const { props } = options as { props?: unknown };
  if (props === undefined) return {};
  if (!isObject(props)) throw wrongField('props', 'Options', 'Object');
  return structuredClone(props);
}

const isObject = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function';

class Entrypoint implements Hook {
  constructor(
    private readonly exported: () => unknown,
    private readonly env: unknown,
    private readonly ctx: () => object,
  ) {}

  get(path: readonly string[]): Promise<unknown> {
    return this.within(async () => handOver(await walk(shown(this.made(), path[0]!), path.slice(1))));
  }

  call(path: readonly string[], args: unknown[]): Promise<unknown> {
    return calling(args, (carried) =>
      this.within(async () => {
        const target = this.made();
        const [key, ...rest] = path as [string, ...string[]];
        const member = shown(target, key);
        if (rest.length > 0) return handOver(await callAt(await member, rest, carried, path));
        if (typeof member !== 'function') throw notFunction(path);
        return handOver(await member.apply(target, carried));
      }),
    );
  }

  fetch(input: FetchInput, init?: FetchInit): Promise<dom.Response> {
    const ask = (request: globalThis.Request) =>
      this.within(async () => {
        const target = this.made();
        if (typeof target.fetch !== 'function') throw new Error('Handler does not export a fetch() function.');
        return target === this.exported() ? target.fetch(request, this.env, this.ctx()) : target.fetch(request);
      });
    return fetchBy(ask, input, init);
  }

  /** An instance for one event, where it is a class. */
  private made(): any {
    const exported = this.exported();
    return isClass(exported) ? new exported(this.ctx(), this.env) : exported;
  }

  private within<T>(work: () => Promise<T>): Promise<T> {
    return asked(() =>
      surrounded({ ...current(), env: this.env, event: undefined, place: undefined, asking: undefined }, async () => {
        try {
          return await work();
        } catch (error) {
          throw thrownThere(error);
        }
      }),
    );
  }
}

function shown(target: unknown, key: string): unknown {
  if (!(target instanceof WorkerEntrypoint) || key in Object.prototype || Object.hasOwn(target, key) || !(key in target)) throw notImplemented(key);
  return (target as any)[key];
}

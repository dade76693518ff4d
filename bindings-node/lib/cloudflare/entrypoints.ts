/** A Worker's own entrypoints, called by itself as by others. */

import { passes } from './carry';
import { callAt, carryOut, type Hook, memberOf, notFunction, notImplemented, ServiceStub, walk } from './rpc';
import { current, surrounded } from './surroundings';
import { WorkerEntrypoint } from './workers';

type Class = new (ctx: unknown, env: unknown) => any;

/**
 * What calls an export of the Worker's module; nothing for one that cannot be called. Itself called,
 * it gives one with `props`.
 */
export function entrypointStub(exported: unknown, env: unknown, ctx: (props: object) => object): object | undefined {
  const isClass = typeof exported === 'function' && exported.prototype instanceof WorkerEntrypoint;
  if (!isClass && (typeof exported !== 'object' || exported === null)) return undefined;
  return stubWith({});

  function stubWith(props: object): object {
    const entrypoint = new Entrypoint(exported, isClass, env, () => ctx(props));
    const fetch = entrypoint.fetch.bind(entrypoint);
    return passes(
      new Proxy(() => {}, {
        getPrototypeOf: () => ServiceStub.prototype,
        apply: (_target, _this, [options]) => stubWith((options as { props?: object } | undefined)?.props ?? {}),
        get(_target, key) {
          if (key === 'fetch') return fetch;
          return typeof key === 'string' && key !== 'then' ? memberOf(entrypoint, [key]) : undefined;
        },
      }),
    );
  }
}

class Entrypoint implements Hook {
  constructor(
    private readonly exported: unknown,
    private readonly isClass: boolean,
    private readonly env: unknown,
    private readonly ctx: () => object,
  ) {}

  get(path: readonly string[]): Promise<unknown> {
    return this.within(async () => carryOut(await walk(shown(this.made(), path[0]!), path.slice(1))));
  }

  async call(path: readonly string[], args: unknown[]): Promise<unknown> {
    const carried = carryOut(args) as unknown[];
    return this.within(async () => {
      const target = this.made();
      const [key, ...rest] = path as [string, ...string[]];
      const member = shown(target, key);
      if (rest.length > 0) return carryOut(await callAt(await member, rest, carried));
      if (typeof member !== 'function') throw notFunction(key);
      return carryOut(await member.apply(target, carried));
    });
  }

  async fetch(input: string, init?: object): Promise<unknown> {
    const request = new Request(input, init);
    return this.within(() => {
      const target = this.made();
      if (typeof target.fetch !== 'function') throw new Error('Handler does not export a fetch() function.');
      return this.isClass ? target.fetch(request) : target.fetch(request, this.env, this.ctx());
    });
  }

  /** An instance for one event, where it is a class. */
  private made(): any {
    return this.isClass ? new (this.exported as Class)(this.ctx(), this.env) : this.exported;
  }

  private within<T>(work: () => T): T {
    return surrounded({ ...current(), env: this.env, event: undefined, place: undefined }, work);
  }
}

function shown(target: unknown, key: string): unknown {
  if (!(target instanceof WorkerEntrypoint) || key in Object.prototype || Object.hasOwn(target, key) || !(key in target)) throw notImplemented(key);
  return (target as any)[key];
}

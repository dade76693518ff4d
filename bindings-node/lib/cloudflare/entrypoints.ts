/** A Worker's own entrypoints, called by itself as by others. */

import { passes } from './carry';
import { carryOut, callAt, type Hook, memberOf, notImplemented, ServiceStub, walk } from './rpc';
import { current, surrounded } from './surroundings';
import { WorkerEntrypoint } from './workers';

type Class = new (ctx: unknown, env: unknown) => any;

/** What calls an export of the Worker's module; nothing for one that cannot be called. */
export function entrypointStub(exported: unknown, env: unknown, ctx: () => object): object | undefined {
  const isClass = typeof exported === 'function' && exported.prototype instanceof WorkerEntrypoint;
  if (!isClass && (typeof exported !== 'object' || exported === null)) return undefined;
  const make = (): any => (isClass ? new (exported as Class)(ctx(), env) : exported);
  const run = <T>(work: () => T): T => surrounded({ ...current(), env, event: undefined, place: undefined }, work);
  const hook: Hook = {
    get: (path) => run(async () => carryOut(await walk(shown(make(), path[0]!), path.slice(1)))),
    async call(path, args) {
      const carried = carryOut(args) as unknown[];
      return run(async () => {
        const target = make();
        const member = shown(target, path[0]!);
        return carryOut(path.length > 1 ? await callAt(await member, path.slice(1), carried) : await method(member, path[0]!).apply(target, carried));
      });
    },
  };
  const fetch = async (input: string, init?: object) => {
    const target = make();
    if (typeof target.fetch !== 'function') throw new Error('Handler does not export a fetch() function.');
    const request = new Request(input, init);
    return run(() => (isClass ? target.fetch(request) : target.fetch(request, env, ctx())));
  };
  const stub = new Proxy(Object.create(ServiceStub.prototype), {
    get(_target, key) {
      if (key === 'fetch') return fetch;
      return typeof key === 'string' && key !== 'then' ? memberOf(hook, [key]) : undefined;
    },
  });
  return passes(stub);
}

function shown(target: any, key: string): unknown {
  if (!(target instanceof WorkerEntrypoint) || key in Object.prototype || Object.hasOwn(target, key) || !(key in target)) throw notImplemented(key);
  return (target as any)[key];
}

function method(value: unknown, key: string): (...args: unknown[]) => unknown {
  if (typeof value !== 'function') throw notImplemented(key);
  return value as (...args: unknown[]) => unknown;
}

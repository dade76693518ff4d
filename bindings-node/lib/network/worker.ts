/** What a Worker's module exports, and how it is called. */

import type { Handler } from './acceptor';

/** A Worker's default export. */
export interface Worker<Env = any> {
  fetch: Handler<Env>;
}

/** A Worker's default export that is a class, as one that extends `WorkerEntrypoint`: one is made for each request. */
export type WorkerClass<Env = any> = new (ctx: any, env: Env) => { fetch?(request: any): any };

/** What a Worker's module exports: `import * as module`, or the like. */
export interface WorkerModule<Env = any> {
  default: Worker<Env> | WorkerClass<Env>;
  readonly [name: string]: unknown;
}

/** What somebody has of a Worker. */
export type AnyWorker<Env = any> = WorkerModule<Env> | Worker<Env> | WorkerClass<Env> | Handler<Env>;

/** Its module, where somebody has less than that. */
export function moduleOf<Env>(worker: AnyWorker<Env>): Readonly<Record<string, unknown>> {
  const isModule = typeof worker === 'object' && worker !== null && !('fetch' in worker) && 'default' in worker;
  return isModule ? (worker as WorkerModule<Env>) : { default: worker };
}

/** The handler of a Worker. Throws a `TypeError` for what is none. */
export function handlerOf<Env>(worker: Worker<Env> | WorkerClass<Env> | Handler<Env>): Handler<Env> {
  if (isClass(worker)) return (request, env, ctx) => new worker(ctx, env).fetch!(request);
  if (typeof (worker as Partial<Worker> | undefined)?.fetch === 'function') {
    return (request, env, ctx) => (worker as Worker<Env>).fetch(request, env, ctx);
  }
  if (typeof worker === 'function') return worker as Handler<Env>;
  throw new TypeError('a Worker is an object with a method fetch, or a class whose instances have one');
}

function isClass<Env>(worker: unknown): worker is WorkerClass<Env> {
  return typeof worker === 'function' && typeof worker.prototype?.fetch === 'function';
}

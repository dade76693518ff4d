/** What a Worker's modules import as `cloudflare:workers`, as far as it makes sense here. */

/** Bindings: `serve` hands those of its option `env` to `fetch`; here there are none. */
export const env: Record<string, unknown> = {};

export class WorkerEntrypoint<Env = unknown> {
  constructor(
    readonly ctx: unknown,
    readonly env: Env,
  ) {}
}

export class DurableObject<Env = unknown> extends WorkerEntrypoint<Env> {}

export function waitUntil(promise: Promise<unknown>): void {
  promise.catch((error: unknown) => console.error('Uncaught', error));
}

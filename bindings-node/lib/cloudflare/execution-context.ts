/** What a Worker's `fetch` gets as its third argument. */

import { illegalInvocation, wrongArgument } from '../web/errors';
import { conceal } from '../web/expose';

export interface ExecutionContext {
  /** Has whoever closes the server wait for a promise, whose failure is reported. */
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: object;
  /** What the Worker's module exports, as others call it. */
  readonly exports?: object;
}

/** Its methods are of the object: taken from it, they are refused here as they are there. */
class Implementation implements ExecutionContext {
  readonly #waitUntil: (promise: unknown) => void;
  declare readonly exports?: object;

  constructor(
    waitUntil: (promise: unknown) => void,
    exports: object | undefined,
    readonly props: object,
  ) {
    this.#waitUntil = waitUntil;
    if (exports !== undefined) this.exports = exports;
  }

  waitUntil(promise: Promise<unknown>): void {
    if (!Implementation.is(this)) throw illegalInvocation();
    if (arguments.length === 0) throw wrongArgument('waitUntil', 'ExecutionContext', 1, 'Promise');
    this.#waitUntil(promise);
  }

  passThroughOnException(): void {
    if (!Implementation.is(this)) throw illegalInvocation();
  }

  private static is(value: unknown): value is Implementation {
    return typeof value === 'object' && value !== null && #waitUntil in value;
  }
}

conceal(Implementation, 'ExecutionContext');

/** One for one event. */
export function executionContext(waitUntil: (promise: unknown) => void, exports: object | undefined, props: object = {}): ExecutionContext {
  return new Implementation(waitUntil, exports, props);
}

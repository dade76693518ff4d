/** What a Worker's `fetch` gets as its third argument, and what it promised by it. */

import { report } from '../basics/report';

export interface ExecutionContext {
  /** Has whoever closes the server wait for a promise, whose failure is reported. */
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: object;
  /** What the Worker's module exports, as others call it. */
  readonly exports?: object;
}

export class Contexts {
  private readonly waiting = new Set<Promise<unknown>>();

  constructor(private readonly exports?: object) {}

  /** One for one request. */
  next(): ExecutionContext {
    const { exports } = this;
    return { waitUntil: (promise) => this.waitUntil(promise), passThroughOnException() {}, props: {}, ...(exports && { exports }) };
  }

  /** Resolves once nothing is waited for. */
  async settled(): Promise<void> {
    // What is waited for may ask to wait for more.
    while (this.waiting.size > 0) await Promise.all(this.waiting);
  }

  private waitUntil(promise: unknown): void {
    const done = Promise.resolve(promise)
      .catch(report)
      .finally(() => this.waiting.delete(done));
    this.waiting.add(done);
  }
}

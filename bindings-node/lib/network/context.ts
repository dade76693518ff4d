/** What Workers promised by their contexts. */

import { report } from '../basics/report';
import { type ExecutionContext, executionContext } from '../cloudflare/execution-context';

export class Contexts {
  private readonly waiting = new Set<Promise<unknown>>();

  constructor(private readonly exports?: object) {}

  /** One for one request. */
  next(): ExecutionContext {
    return executionContext(this.waitUntil, this.exports);
  }

  /** Resolves once nothing is waited for. */
  async settled(): Promise<void> {
    // What is waited for may ask to wait for more.
    while (this.waiting.size > 0) await Promise.all(this.waiting);
  }

  readonly waitUntil = (promise: unknown): void => {
    const done = Promise.resolve(promise)
      .catch(report)
      .finally(() => this.waiting.delete(done));
    this.waiting.add(done);
  };
}

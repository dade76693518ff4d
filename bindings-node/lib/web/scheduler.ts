/** `scheduler`: a timer that can be awaited. */

import { illegalInvocation, wrongArgument, wrongField } from './errors';
import { conceal } from './expose';

export interface WaitOptions {
  signal?: AbortSignal | undefined;
}

class Scheduler {
  readonly #longest = 2 ** 31 - 1;

  /** Resolves after `delay` milliseconds. Rejects with the reason of the signal, once that is aborted. */
  wait(delay?: number, options?: WaitOptions | null): Promise<void> {
    if (typeof this !== 'object' || !(#longest in this)) throw illegalInvocation();
    const given = arguments.length;
    // A longer one Node takes for none, and warns of others.
    const ms = Math.min(Math.max(Number(delay) || 0, 0), this.#longest);
    return new Promise((resolve, reject) => {
      if (given === 0) throw wrongArgument('wait', 'Scheduler', 1, 'number');
      const signal = signalOf(options);
      signal?.throwIfAborted();
      const abort = () => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      // The global one, which knows for which Durable Object it works.
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

function signalOf(options: WaitOptions | null | undefined): AbortSignal | undefined {
  if (options === undefined || options === null) return undefined;
  if (typeof options !== 'object' && typeof options !== 'function') throw wrongArgument('wait', 'Scheduler', 2, 'WaitOptions');
  const { signal } = options;
  // By its shape: a test runner may have a class of its own.
  if (signal === undefined || typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted === 'function') return signal;
  throw wrongField('signal', 'WaitOptions', 'AbortSignal');
}

conceal(Scheduler, 'Scheduler');

export const scheduler = new Scheduler();

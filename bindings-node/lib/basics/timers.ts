/**
 * Node's timers and clock themselves. What test runners put in the place of the globals waits for a
 * test to move it on; sockets and events must not.
 */

import { performance } from 'node:perf_hooks';
import timers from 'node:timers';

// Taken now: some of them change this module, too.
export const { setImmediate, clearTimeout } = timers;
const real = timers.setTimeout;

/** A longer time than Node's own can tell is the longest it can, 25 days. */
export function setTimeout(callback: () => void, ms: number): NodeJS.Timeout {
  return real(callback, Math.min(ms, 2 ** 31 - 1));
}

/** Milliseconds, of a clock that only goes forward. */
export const clock = (): number => performance.now();

/** Runs `callback` right after the code that runs now. */
export const nextTick: (callback: () => void) => void = isFake(process.nextTick)
  ? (callback) => void Promise.resolve().then(callback)
  : process.nextTick.bind(process);

/** Those of the fake-timers package, which Jest and Vitest use, say whose they are. */
function isFake(timer: object): boolean {
  return 'clock' in timer;
}

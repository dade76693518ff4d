/** What is around a Worker's code, without being handed to it: its bindings, and the event that it answers. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { report } from '../basics/report';

export interface Surroundings {
  readonly env: unknown;
  readonly exports: object;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** The event of a Durable Object, where one is answered. */
  readonly event?: object | undefined;
  /** Where what is handed out is called, if that is not simply here. */
  readonly place?: Place | undefined;
  /** How what runs here asks somebody elsewhere, if that is not simply done. */
  readonly asking?: Asking | undefined;
}

/** Asks somebody elsewhere, and hears what comes back. */
export type Asking = <T>(ask: () => Promise<T>) => Promise<T>;

/** Makes a call in the place where its target lives. */
export type Place = <T>(call: () => T | Promise<T>) => Promise<T>;

const reportFailure = (promise: Promise<unknown>) => void Promise.resolve(promise).catch(report);

let outermost: Surroundings = { env: {}, exports: {}, waitUntil: reportFailure };

// Not before somebody looks: from then on every promise of the process is a little dearer.
let inner: AsyncLocalStorage<Surroundings> | undefined;

/** Sets what is there where no event is answered, as while modules are loaded and in listeners. */
export function surround(around: Partial<Surroundings>): void {
  outermost = { ...outermost, ...around };
}

/** Runs `fn`, and what follows from it, in other surroundings. */
export function surrounded<T>(around: Partial<Surroundings>, fn: () => T): T {
  return inner === undefined ? fn() : inner.run({ ...current(), ...around }, fn);
}

export function current(): Surroundings {
  return inner?.getStore() ?? outermost;
}

/** Asks somebody elsewhere, by the rules of the event that does. */
export function asked<T>(ask: () => Promise<T>): Promise<T> {
  const { asking } = current();
  return asking === undefined ? ask() : asking(ask);
}

/** For the module that shows them. */
export function watchSurroundings(): void {
  inner ??= new AsyncLocalStorage();
}

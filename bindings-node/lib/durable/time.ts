/** The global timers and `fetch`, that know for which object they work. */

import { report } from '../basics/report';
import { currentEvent, type ObjectEvent } from './event';

/** A timer that an object has set. */
interface Entry {
  readonly event: ObjectEvent;
  readonly clear: (timer: unknown) => void;
}

const entries = new Map<unknown, Entry>();

/** Puts them in place of the global ones, of whatever make. */
export function watchTime(): void {
  for (const name of ['Timeout', 'Interval', 'Immediate'] as const) {
    let clear: (timer: unknown) => void;
    replace(`clear${name}`, (real) => {
      clear = real;
      return (timer: unknown) => {
        forget(typeof timer === 'object' ? timer : byNumber(timer));
        real(timer);
      };
    });
    replace(`set${name}`, (real) => (callback: unknown, ...rest: unknown[]) => {
      const event = currentEvent();
      if (event === undefined || typeof callback !== 'function') return real(callback, ...rest);
      const fire = (...args: unknown[]) => {
        if (!event.goesOn || name !== 'Interval') forget(timer);
        if (!event.goesOn) return;
        event.whenAdmitted(() => {
          // What it throws is this object's trouble and not the process's.
          try {
            callback(...args);
          } catch (error) {
            report(error);
          }
        });
      };
      const timer: unknown = real(fire, ...rest);
      entries.set(timer, { event, clear });
      event.life.timers.add(timer);
      return timer;
    });
  }
  replace('fetch', (real) => (...args: unknown[]) => {
    const event = currentEvent();
    return event === undefined ? real(...args) : event.life.asking(event, () => real(...args));
  });
}

/** Ends those of some timers that `which` is true of. */
export function endTimers(timers: ReadonlySet<unknown>, which: (event: ObjectEvent) => boolean): void {
  for (const timer of [...timers]) {
    const entry = entries.get(timer);
    if (entry === undefined || !which(entry.event)) continue;
    forget(timer);
    entry.clear(timer);
  }
}

function forget(timer: unknown): void {
  const entry = entries.get(timer);
  if (entry === undefined) return;
  entries.delete(timer);
  entry.event.life.timers.delete(timer);
  entry.event.life.touch();
}

/** Node takes the number of a timer, too. */
function byNumber(number: unknown): unknown {
  if (number === undefined || number === null) return undefined;
  const timers = currentEvent()?.life.timers ?? [];
  return [...timers].find((timer) => Number(timer) === Number(number));
}

const replaced = new WeakSet<object>();

function replace(name: string, make: (real: any) => any): void {
  const real = (globalThis as any)[name];
  if (typeof real !== 'function' || replaced.has(real)) return;
  const wrapper = make(real.bind(globalThis));
  // `util.promisify` looks for one that is a symbol.
  for (const key of Reflect.ownKeys(real)) {
    if (key !== 'prototype') Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(real, key)!);
  }
  replaced.add(wrapper);
  Object.defineProperty(globalThis, name, { value: wrapper, writable: true, configurable: true });
}

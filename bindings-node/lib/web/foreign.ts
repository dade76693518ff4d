/** Events of the global class, and of another compatibility date, dispatched at a target of ours. */

import type * as dom from './types';

const GlobalEvent = globalThis.Event;

// What one of them shows during its dispatch: its own state is beyond reach.
interface Shown {
  target: dom.EventTarget;
  currentTarget: dom.EventTarget;
  eventPhase: 2;
  composedPath: () => [dom.EventTarget?];
  stopImmediatePropagation: () => void;
  preventDefault: () => void;
}

const stopped = new WeakSet<object>();

export function isForeignEvent(value: unknown): value is dom.Event {
  return value instanceof GlobalEvent;
}

/** Starts a dispatch. False if the event is in one already. */
export function begin(event: dom.Event, target: dom.EventTarget): boolean {
  if (event.eventPhase !== 0) return false;
  const shown: Omit<Shown, 'preventDefault'> = {
    target,
    currentTarget: target,
    eventPhase: 2,
    composedPath: () => [target],
    stopImmediatePropagation: () => {
      stopped.add(event);
      event.stopPropagation();
    },
  };
  for (const [key, value] of Object.entries(shown)) {
    Object.defineProperty(event, key, { value, configurable: true });
  }
  return true;
}

export function setPassive(event: dom.Event, on: boolean): void {
  if (on) Object.defineProperty(event, 'preventDefault', { value: () => {}, configurable: true });
  else delete (event as Partial<Shown>).preventDefault;
}

export function isPrevented(event: dom.Event): boolean {
  return event.defaultPrevented;
}

export function isStopped(event: dom.Event): boolean {
  return stopped.has(event);
}

/** What is left is the target, as with any event. */
export function end(event: dom.Event): void {
  const own = event as Partial<Shown>;
  delete own.eventPhase;
  delete own.composedPath;
  delete own.stopImmediatePropagation;
}

/** Listeners, and how an event goes through them. */

import type { Compat } from './compat';
import { toText } from './convert';
import { illegalInvocation, wrongArgument, wrongField } from './errors';
import type { Events } from './events';
import { expose } from './expose';
import * as foreign from './foreign';
import { report } from './report';
import type * as dom from './types';

export interface Targets {
  EventTarget: dom.EventTargetConstructor;
  /** What `WebSocket` extends. */
  Implementation: new () => dom.EventTarget;
  /** Dispatches an event of the shell's own. Gives what the first listener that threw has thrown. */
  fire(target: dom.EventTarget, event: dom.Event): Thrown | undefined;
}

/** What a listener threw; an object, as they can throw anything. */
export interface Thrown {
  readonly error: unknown;
}

interface Entry {
  /** What was added, and is named to remove it. */
  readonly listener: object;
  readonly call: Callback;
  readonly self: unknown;
  readonly once: boolean;
  removed: boolean;
  /** Takes the entry off its signal. */
  release: (() => void) | undefined;
}

/** How an event, of whatever make, is taken through a dispatch. */
type Ways = Pick<Events, 'begin' | 'isStopped' | 'end'>;

type Callback = (this: unknown, event: dom.Event) => unknown;

export function defineEventTarget(compat: Compat, events: Events): Targets {
  const calledOnTarget = compat.has('set_event_target_this');
  const goesOn = compat.has('spec_compliant_dispatch_exceptions');

  class EventTarget implements dom.EventTarget {
    // A list is replaced, never changed: a dispatch goes through the one it began with.
    #listeners: Map<string, readonly Entry[]> | undefined = undefined;

    addEventListener(...args: [type: string, listener: unknown, options?: unknown]): void {
      EventTarget.check(this);
      const type = typeArgument('addEventListener', args);
      const call = listenerArgument(args);
      const { once, signal } = optionsArgument(args[2]);
      if (call === undefined || signal?.aborted) return;

      const listener = args[1] as object;
      const listeners = (this.#listeners ??= new Map<string, readonly Entry[]>());
      const list = listeners.get(type) ?? [];
      if (list.some((entry) => entry.listener === listener)) return;
      const self = call !== listener ? listener : calledOnTarget ? this : globalThis;
      const entry: Entry = { listener, call, self, once, removed: false, release: undefined };
      if (signal !== undefined) {
        const abort = () => this.#remove(type, entry);
        signal.addEventListener('abort', abort, { once: true });
        entry.release = () => signal.removeEventListener('abort', abort);
      }
      listeners.set(type, [...list, entry]);
    }

    removeEventListener(...args: [type: string, listener: unknown, options?: unknown]): void {
      EventTarget.check(this);
      const type = typeArgument('removeEventListener', args);
      const listener = args[1];
      const takes = typeof listener === 'object' || typeof listener === 'function' || listener === undefined;
      if (args.length < 2 || !takes) throw wrongArgument('removeEventListener', 'EventTarget', 2, 'Object');
      refuseCapture('removeEventListener', args[2]);
      const entry = this.#listeners?.get(type)?.find((entry) => entry.listener === listener);
      if (entry !== undefined) this.#remove(type, entry);
    }

    dispatchEvent(event: dom.Event): boolean {
      EventTarget.check(this);
      const ways = events.isEvent(event) ? events : foreign.isForeignEvent(event) ? foreign : undefined;
      if (ways === undefined) throw wrongArgument('dispatchEvent', 'EventTarget', 1, 'Event');
      const thrown = EventTarget.dispatch(this, event, ways);
      if (thrown !== undefined && !goesOn) throw thrown.error;
      return !event.defaultPrevented;
    }

    static check(value: unknown): void {
      if (typeof value !== 'object' || value === null || !(#listeners in value)) throw illegalInvocation();
    }

    static dispatch(target: EventTarget, event: dom.Event, ways: Ways): Thrown | undefined {
      if (!ways.begin(event, target)) {
        throw new DOMException('The event is already being dispatched.', 'InvalidStateError');
      }
      const thrown = target.#run(event, event.type, ways);
      ways.end(event);
      return thrown;
    }

    #run(event: dom.Event, type: string, ways: Ways): Thrown | undefined {
      let thrown: Thrown | undefined;
      // A property like any other, looked up now. As there, not called as a method.
      const handler = (this as unknown as Record<string, unknown>)[handlerNames[type] ?? `on${type}`];
      if (typeof handler === 'function' && !ways.isStopped(event)) {
        thrown = call(handler as Callback, globalThis, event);
      }
      const list = this.#listeners?.get(type);
      if (list === undefined) return thrown;
      for (const entry of list) {
        if (ways.isStopped(event) || (thrown !== undefined && !goesOn)) break;
        if (entry.removed) continue;
        if (entry.once) this.#remove(type, entry);
        const failure = call(entry.call, entry.self, event);
        thrown ??= failure;
      }
      return thrown;
    }

    #remove(type: string, entry: Entry): void {
      entry.removed = true;
      entry.release?.();
      const list = this.#listeners?.get(type)?.filter((other) => other !== entry);
      if (list?.length) this.#listeners?.set(type, list);
      else this.#listeners?.delete(type);
    }
  }

  function call(callback: Callback, self: unknown, event: dom.Event): Thrown | undefined {
    try {
      const result = callback.call(self, event);
      // As there, a rejection concerns nobody. It should not end the process either.
      if (typeof result === 'object' && result instanceof Promise) result.catch(report);
      return undefined;
    } catch (error) {
      if (goesOn) report(error);
      return { error };
    }
  }

  function fire(target: dom.EventTarget, event: dom.Event): Thrown | undefined {
    const thrown = EventTarget.dispatch(target as EventTarget, event, events);
    if (thrown !== undefined && !goesOn) report(thrown.error);
    return thrown;
  }

  // For code that asks `instanceof` of the global class. Every member is overridden here.
  Object.setPrototypeOf(EventTarget.prototype, globalThis.EventTarget.prototype);
  return { EventTarget: expose(EventTarget, compat, []), Implementation: EventTarget, fire };
}

/** Of the shell's own events, whose names need not be put together each time. */
const handlerNames: Record<string, string | undefined> = Object.assign(Object.create(null), {
  open: 'onopen',
  message: 'onmessage',
  close: 'onclose',
  error: 'onerror',
});

function typeArgument(method: string, args: unknown[]): string {
  if (args.length === 0) throw wrongArgument(method, 'EventTarget', 1, 'string');
  return toText(args[0]);
}

/** What to call; nothing if the listener is none. */
function listenerArgument(args: unknown[]): Callback | undefined {
  const listener = args[1];
  if (typeof listener === 'function') return listener as Callback;
  if (args.length < 2 || (typeof listener !== 'object' && listener !== undefined)) {
    throw wrongArgument('addEventListener', 'EventTarget', 2, 'function or HandlerObject');
  }
  if (listener === null || listener === undefined) return undefined;
  const { handleEvent } = listener as { handleEvent: unknown };
  if (typeof handleEvent !== 'function') throw wrongField('handleEvent', 'HandlerObject', 'function');
  return handleEvent as Callback;
}

function optionsArgument(options: unknown): { once: boolean; signal?: AbortSignal } {
  refuseCapture('addEventListener', options);
  if (!isDictionary(options)) return { once: false };
  // Read in this order; passive means nothing to events that cannot be cancelled.
  const { passive: _, once: wanted, signal } = options;
  const once = Boolean(wanted);
  if (signal === undefined) return { once };
  if (!(signal instanceof AbortSignal)) throw wrongField('signal', 'AddEventListenerOptions', 'AbortSignal');
  return { once, signal };
}

function refuseCapture(method: string, options: unknown): void {
  const inDictionary = isDictionary(options);
  if (inDictionary ? !options.capture : !options) return;
  throw new TypeError(`${method}(): ${inDictionary ? 'options.capture' : 'useCapture'} must be false.`);
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

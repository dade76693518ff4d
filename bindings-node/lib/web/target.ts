/** Listeners, and how an event goes through them. */

import { report } from '../basics/report';
import { follow } from './answers';
import type { Compat } from './compat';
import { isAbortSignal, toMessageText, toText } from './convert';
import { illegalInvocation, wrongArgument, wrongField } from './errors';
import type { Events } from './events';
import { expose, inherit, refuseClones } from './expose';
import * as foreign from './foreign';
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
  readonly passive: boolean;
  /** Takes the entry off its signal. */
  release: (() => void) | undefined;
}

/** How an event, of whatever make, is taken through a dispatch. */
type Ways = Pick<Events, 'begin' | 'setPassive' | 'isStopped' | 'isPrevented' | 'end'>;

type Callback = (this: unknown, event: dom.Event) => unknown;

export function defineEventTarget(compat: Compat, events: Events): Targets {
  const calledOnTarget = compat.has('set_event_target_this');
  const goesOn = compat.has('spec_compliant_dispatch_exceptions');

  class EventTarget implements dom.EventTarget {
    // A list is replaced, never changed: a dispatch goes through the one it began with.
    #listeners: Map<string, readonly Entry[]> | undefined = undefined;

    constructor() {
      refuseClones(this);
    }

    addEventListener(...args: [type: string, listener: unknown, options?: unknown]): void {
      EventTarget.check(this);
      const type = typeArgument('addEventListener', args);
      const call = listenerArgument(args);
      const { capture, once, passive, signal } = optionsArgument(args[2]);
      if (call === undefined) return;
      if (capture !== undefined) throw refusedCapture('addEventListener', capture);
      if (signal?.aborted) return;

      const listener = args[1] as object;
      const listeners = (this.#listeners ??= new Map<string, readonly Entry[]>());
      const list = listeners.get(type) ?? [];
      if (list.some((entry) => entry.listener === listener)) return;
      const self = call !== listener ? listener : calledOnTarget ? this : globalThis;
      const entry: Entry = { listener, call, self, once, passive, release: undefined };
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
      const capture = captureArgument(args[2]);
      if (capture !== undefined) throw refusedCapture('removeEventListener', capture);
      this.#removeListener(type, listener);
    }

    dispatchEvent(event: dom.Event): boolean {
      EventTarget.check(this);
      const ways = events.isEvent(event) ? events : foreign.isForeignEvent(event) ? foreign : undefined;
      if (ways === undefined) throw wrongArgument('dispatchEvent', 'EventTarget', 1, 'Event');
      const thrown = EventTarget.dispatch(this, event, ways);
      if (thrown !== undefined && !goesOn) throw thrown.error;
      return !ways.isPrevented(event);
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
      const handler = handlerOf(this as unknown as Record<string, unknown>, type);
      if (typeof handler === 'function' && !ways.isStopped(event)) {
        thrown = call(handler as Callback, globalThis, event);
      }
      const list = this.#listeners?.get(type);
      if (list === undefined) return thrown;
      for (const entry of list) {
        if (ways.isStopped(event) || (thrown !== undefined && !goesOn)) break;
        // One that is gone is skipped; one that is gone and there again is not.
        const now = this.#listeners?.get(type);
        if (now !== list && !now?.some(({ listener }) => listener === entry.listener)) continue;
        if (entry.once) this.#removeListener(type, entry.listener);
        if (entry.passive) ways.setPassive(event, true);
        const failure = call(entry.call, entry.self, event);
        if (entry.passive) ways.setPassive(event, false);
        thrown ??= failure;
      }
      return thrown;
    }

    #removeListener(type: string, listener: unknown): void {
      const entry = this.#listeners?.get(type)?.find((entry) => entry.listener === listener);
      if (entry !== undefined) this.#remove(type, entry);
    }

    #remove(type: string, entry: Entry): void {
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
      if (typeof result === 'object' && result instanceof Promise) follow(result);
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

  inherit(EventTarget.prototype, globalThis.EventTarget.prototype);
  return { EventTarget: expose(EventTarget, compat, []), Implementation: EventTarget, fire };
}

/** By name for the shell's own events, as it is asked for each of them. */
function handlerOf(target: Record<string, unknown>, type: string): unknown {
  switch (type) {
    case 'message':
      return target['onmessage'];
    case 'close':
      return target['onclose'];
    case 'open':
      return target['onopen'];
    case 'error':
      return target['onerror'];
    default:
      return target[`on${type}`];
  }
}

function typeArgument(method: string, args: unknown[]): string {
  if (args.length === 0) throw wrongArgument(method, 'EventTarget', 1, 'string');
  return toMessageText(toText(args[0]));
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

function optionsArgument(options: unknown) {
  const capture = captureArgument(options);
  if (!isDictionary(options)) return { capture, once: false, passive: false };
  // Read in this order.
  const { passive: promised, once: wanted, signal } = options;
  const [passive, once] = [Boolean(promised), Boolean(wanted)];
  if (signal === undefined) return { capture, once, passive };
  if (!isAbortSignal(signal)) throw wrongField('signal', 'AddEventListenerOptions', 'AbortSignal');
  return { capture, once, passive, signal };
}

/** What asks for the capturing phase, which is not there. */
function captureArgument(options: unknown): 'options.capture' | 'useCapture' | undefined {
  if (isDictionary(options)) return options.capture ? 'options.capture' : undefined;
  return options ? 'useCapture' : undefined;
}

function refusedCapture(method: string, asked: string): TypeError {
  return new TypeError(`${method}(): ${asked} must be false.`);
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

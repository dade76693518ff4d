/** Events as the runtime has them. Node's own cost several times as much, and differ. */

import type { Compat } from './compat';
import { toInt32, toText } from './convert';
import { wrongConstructorArgument, wrongField } from './errors';
import { constants, expose } from './expose';
import type * as dom from './types';

/** What the shell needs of the classes, beside the classes. */
export interface Events {
  Event: dom.EventConstructor;
  MessageEvent: dom.MessageEventConstructor;
  CloseEvent: dom.CloseEventConstructor;
  ErrorEvent: dom.ErrorEventConstructor;

  open(): dom.Event;
  message(data: unknown): dom.Event;
  close(code: number, reason: string, wasClean: boolean): dom.Event;
  error(error: unknown): dom.Event;

  isEvent(value: unknown): value is dom.Event;
  /** Starts a dispatch. False if the event is in one already. */
  begin(event: dom.Event, target: dom.EventTarget): boolean;
  isStopped(event: dom.Event): boolean;
  end(event: dom.Event): void;
}

export function defineEvents(compat: Compat): Events {
  const forgetsTarget = compat.has('pedantic_wpt');
  const state = {} as Pick<Events, 'isEvent' | 'begin' | 'isStopped' | 'end'> & {
    trust<E extends Event>(event: E): E;
  };

  class Event implements dom.Event {
    #type: string;
    #bubbles = false;
    #cancelable = false;
    #composed = false;
    #trusted = false;
    #prevented = false;
    #propagates = true;
    #stopped = false;
    #dispatching = false;
    #target: dom.EventTarget | null = null;
    #currentTarget: dom.EventTarget | null = null;

    constructor(type: string, init?: dom.EventInit) {
      if (arguments.length === 0) throw wrongConstructorArgument('Event', 1, 'string');
      this.#type = toText(type);
      if (init === undefined) return;
      const { bubbles, cancelable, composed } = dictionary('Event', 'Init', init);
      this.#bubbles = Boolean(bubbles);
      this.#cancelable = Boolean(cancelable);
      this.#composed = Boolean(composed);
    }

    static {
      state.isEvent = (value): value is Event => typeof value === 'object' && value !== null && #type in value;
      state.trust = (event) => {
        event.#trusted = true;
        return event;
      };
      state.begin = (event, target) => {
        const self = event as Event;
        if (self.#dispatching) return false;
        self.#dispatching = true;
        self.#target = self.#currentTarget = target;
        return true;
      };
      state.isStopped = (event) => (event as Event).#stopped;
      state.end = (event) => {
        const self = event as Event;
        self.#dispatching = false;
        if (forgetsTarget) self.#currentTarget = null;
      };
    }

    get type() {
      return this.#type;
    }
    get eventPhase() {
      return this.#dispatching ? 2 : 0;
    }
    get composed() {
      return this.#composed;
    }
    get bubbles() {
      return this.#bubbles;
    }
    get cancelable() {
      return this.#cancelable;
    }
    get defaultPrevented() {
      return this.#prevented;
    }
    get returnValue() {
      return !this.#prevented || !this.#cancelable;
    }
    get currentTarget() {
      return this.#currentTarget;
    }
    get target() {
      return this.#target;
    }
    get srcElement() {
      return this.#target;
    }
    // The runtime tells no time here.
    get timeStamp() {
      return 0;
    }
    get isTrusted() {
      return this.#trusted;
    }
    get cancelBubble() {
      return !this.#propagates;
    }
    set cancelBubble(value: boolean) {
      this.#propagates = !value;
    }
    stopImmediatePropagation() {
      this.#propagates = false;
      this.#stopped = true;
    }
    // As there, also where the event is not cancelable.
    preventDefault() {
      this.#prevented = true;
    }
    stopPropagation() {
      this.#propagates = false;
    }
    composedPath(): [dom.EventTarget?] {
      return this.#dispatching ? [this.#target!] : [];
    }
  }

  class MessageEvent extends Event implements dom.MessageEvent {
    #data: unknown = null;
    #origin: string | null = '';
    #lastEventId = '';
    #ports: readonly never[] | undefined;

    constructor(type: string, init?: dom.MessageEventInit) {
      if (arguments.length === 0) throw wrongConstructorArgument('MessageEvent', 1, 'string');
      super(type);
      if (init === undefined) return;
      const { data = null, origin = '', lastEventId = '', source, ports } = dictionary('MessageEvent', 'Initializer', init);
      if (source != null) throw wrongField('source', 'Initializer', 'MessagePort');
      if (ports !== undefined && !Array.isArray(ports)) throw wrongField('ports', 'Initializer', 'Array');
      this.#data = data;
      this.#origin = toText(origin);
      this.#lastEventId = toText(lastEventId);
      this.#ports = ports;
    }

    static from(data: unknown): MessageEvent {
      const event = state.trust(new MessageEvent('message'));
      event.#data = data;
      event.#origin = null;
      return event;
    }

    get ports() {
      return (this.#ports ??= []);
    }
    get source() {
      return null;
    }
    get lastEventId() {
      return this.#lastEventId;
    }
    get origin() {
      return this.#origin;
    }
    get data() {
      return this.#data;
    }
  }

  class CloseEvent extends Event implements dom.CloseEvent {
    #code = 0;
    #reason = '';
    #wasClean = false;

    constructor(type: string, init?: dom.CloseEventInit) {
      if (arguments.length === 0) throw wrongConstructorArgument('CloseEvent', 1, 'string');
      super(type);
      if (init === undefined) return;
      const { code = 0, reason = '', wasClean } = dictionary('CloseEvent', 'Initializer', init);
      this.#code = toInt32(code);
      this.#reason = toText(reason).toWellFormed();
      this.#wasClean = Boolean(wasClean);
    }

    static from(code: number, reason: string, wasClean: boolean): CloseEvent {
      const event = state.trust(new CloseEvent('close'));
      event.#code = code;
      event.#reason = reason;
      event.#wasClean = wasClean;
      return event;
    }

    get wasClean() {
      return this.#wasClean;
    }
    get reason() {
      return this.#reason;
    }
    get code() {
      return this.#code;
    }
  }

  class ErrorEvent extends Event implements dom.ErrorEvent {
    #message = '';
    #filename = '';
    #lineno = 0;
    #colno = 0;
    #error: unknown;

    constructor(type: string, init?: dom.ErrorEventInit) {
      if (arguments.length === 0) throw wrongConstructorArgument('ErrorEvent', 1, 'string');
      super(type);
      if (init === undefined) return;
      const { message = '', filename = '', lineno = 0, colno = 0, error } = dictionary('ErrorEvent', 'ErrorEventInit', init);
      this.#message = toText(message);
      this.#filename = toText(filename);
      this.#lineno = toInt32(lineno);
      this.#colno = toInt32(colno);
      this.#error = error;
    }

    static from(error: unknown): ErrorEvent {
      const event = state.trust(new ErrorEvent('error'));
      event.#error = error;
      event.#message = `Uncaught ${error}`;
      return event;
    }

    get filename() {
      return this.#filename;
    }
    get message() {
      return this.#message;
    }
    get lineno() {
      return this.#lineno;
    }
    get colno() {
      return this.#colno;
    }
    get error() {
      return this.#error;
    }
  }

  // For code that asks `instanceof` of the global classes. Every member is overridden here.
  Object.setPrototypeOf(Event.prototype, globalThis.Event.prototype);
  const face = expose<dom.EventConstructor>(Event, compat, ['type']);
  constants(face, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });
  return {
    Event: face,
    MessageEvent: expose(MessageEvent, compat, ['type', 'data']),
    CloseEvent: expose(CloseEvent, compat, ['type', 'code', 'reason', 'wasClean']),
    ErrorEvent: expose(ErrorEvent, compat, ['type', 'message', 'error']),
    open: () => state.trust(new Event('open')),
    message: MessageEvent.from,
    close: CloseEvent.from,
    error: ErrorEvent.from,
    isEvent: state.isEvent,
    begin: state.begin,
    isStopped: state.isStopped,
    end: state.end,
  };
}

function dictionary<T extends object>(owner: string, name: string, value: T | null): Partial<T> {
  if (value === null) return {};
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw wrongConstructorArgument(owner, 2, name);
  }
  return value;
}

/** Events as the runtime has them. Node's own cost several times as much, and differ. */

import type { Compat } from './compat';
import { toInt32, toMessageText, toText } from './convert';
import { illegalInvocation, wrongConstructorArgument, wrongElement, wrongField } from './errors';
import { constants, expose, inherit } from './expose';
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
  /** Whether the listener that runs is one of those that promised not to prevent anything. */
  setPassive(event: dom.Event, on: boolean): void;
  isStopped(event: dom.Event): boolean;
  /** Whether a listener of this dispatch called `preventDefault`. */
  isPrevented(event: dom.Event): boolean;
  end(event: dom.Event): void;
}

export function defineEvents(compat: Compat): Events {
  const pedantic = compat.has('pedantic_wpt');
  const nobody = pedantic ? null : undefined;
  const state = {} as Pick<Events, 'isEvent' | 'begin' | 'isStopped' | 'isPrevented' | 'setPassive' | 'end'> & {
    own(value: unknown): Event;
    trust<E extends Event>(event: E): E;
  };

  class Event implements dom.Event {
    #type: string;
    #bubbles = false;
    #cancelable = false;
    #composed = false;
    #trusted = false;
    #prevented = false;
    #passive = false;
    #propagates = true;
    #stopped = false;
    #dispatching = false;
    // As there: undefined until it is dispatched.
    #target: dom.EventTarget | null | undefined = undefined;
    #currentTarget: dom.EventTarget | null | undefined = nobody;

    constructor(type: string, init?: dom.EventInit | null) {
      if (arguments.length === 0) throw wrongConstructorArgument('Event', 1, 'string');
      this.#type = isUsual(type) ? type : toCodeUnitText(type);
      const given = dictionary('Event', 'Init', init);
      if (given === undefined) return;
      this.#bubbles = Boolean(given.bubbles);
      this.#cancelable = Boolean(given.cancelable);
      this.#composed = Boolean(given.composed);
    }

    static {
      state.isEvent = (value): value is Event => typeof value === 'object' && value !== null && #type in value;
      state.own = (value) => {
        if (!state.isEvent(value)) throw illegalInvocation();
        return value as Event;
      };
      state.trust = (event) => {
        event.#trusted = true;
        return event;
      };
      state.begin = (event, target) => {
        const self = event as Event;
        if (self.#dispatching) return false;
        self.#dispatching = true;
        self.#prevented = false;
        self.#target = self.#currentTarget = target;
        return true;
      };
      state.setPassive = (event, on) => void ((event as Event).#passive = on);
      state.isStopped = (event) => (event as Event).#stopped;
      state.isPrevented = (event) => (event as Event).#prevented;
      state.end = (event) => {
        const self = event as Event;
        self.#dispatching = false;
        if (pedantic) self.#currentTarget = null;
      };
      if (pedantic) {
        const set = function (this: unknown, value: unknown) {
          if (!value) state.own(this).preventDefault();
        };
        Object.defineProperty(Event.prototype, 'returnValue', { set });
      }
    }

    get type() {
      return state.own(this).#type;
    }
    get eventPhase() {
      return state.own(this).#dispatching ? 2 : 0;
    }
    get composed() {
      return state.own(this).#composed;
    }
    get bubbles() {
      return state.own(this).#bubbles;
    }
    get cancelable() {
      return state.own(this).#cancelable;
    }
    get defaultPrevented() {
      const self = state.own(this);
      return self.#prevented && self.#cancelable;
    }
    get returnValue() {
      const self = state.own(this);
      return !self.#prevented || !self.#cancelable;
    }
    get currentTarget() {
      return state.own(this).#currentTarget;
    }
    get target() {
      return state.own(this).#target;
    }
    get srcElement() {
      return state.own(this).#target;
    }
    // The runtime tells no time here.
    get timeStamp() {
      state.own(this);
      return 0;
    }
    get isTrusted() {
      return state.own(this).#trusted;
    }
    get cancelBubble() {
      return !state.own(this).#propagates;
    }
    set cancelBubble(value: boolean) {
      state.own(this).#propagates = !value;
    }
    // Without a word of it in `cancelBubble`, as there.
    stopImmediatePropagation() {
      state.own(this).#stopped = true;
    }
    // As there, `dispatchEvent` tells of it also where the event is not cancelable.
    preventDefault() {
      const self = state.own(this);
      if (!self.#passive) self.#prevented = true;
    }
    stopPropagation() {
      state.own(this).#propagates = false;
    }
    composedPath(): [dom.EventTarget?] {
      const self = state.own(this);
      return self.#dispatching ? [self.#target!] : [];
    }
  }

  // The fields of these two are the event's own, as there: they are spread and printed with it.
  class MessageEvent extends Event implements dom.MessageEvent {
    ports: readonly never[] = none;
    source: null = null;
    lastEventId = '';
    origin: string | null = '';
    data: unknown = null;

    constructor(type: string, init?: dom.MessageEventInit | null) {
      if (arguments.length === 0) throw wrongConstructorArgument('MessageEvent', 1, 'string');
      const text = toText(type);
      const given = dictionary('MessageEvent', 'Initializer', init);
      super(text, given);
      if (given === undefined) return;
      const { data = null, origin = '', lastEventId = '', source = null, ports = [] } = given;
      this.data = data;
      this.origin = toText(origin).toWellFormed();
      this.lastEventId = toCodeUnitText(lastEventId);
      if (source !== null && !isPort(source)) throw wrongField('source', 'Initializer', 'MessagePort');
      this.source = source;
      if (!Array.isArray(ports)) throw wrongField('ports', 'Initializer', 'Array');
      this.ports = [...ports];
      const odd = ports.findIndex((port) => !isPort(port));
      if (odd >= 0) throw wrongElement(odd, 'MessagePort');
    }

    static from(data: unknown): MessageEvent {
      const event = state.trust(new MessageEvent('message'));
      event.data = data;
      event.origin = null;
      return event;
    }
  }

  class CloseEvent extends Event implements dom.CloseEvent {
    wasClean = false;
    reason = '';
    code = 0;

    constructor(type: string, init?: dom.CloseEventInit | null) {
      if (arguments.length === 0) throw wrongConstructorArgument('CloseEvent', 1, 'string');
      const text = toText(type);
      const given = dictionary('CloseEvent', 'Initializer', init);
      super(text, given);
      if (given === undefined) return;
      const { code = 0, reason = '', wasClean } = given;
      this.code = toInt32(code);
      this.reason = toText(reason).toWellFormed();
      this.wasClean = Boolean(wasClean);
    }

    static from(code: number, reason: string, wasClean: boolean): CloseEvent {
      const event = state.trust(new CloseEvent('close'));
      event.code = code;
      event.reason = reason;
      event.wasClean = wasClean;
      return event;
    }
  }

  class ErrorEvent extends Event implements dom.ErrorEvent {
    #message = '';
    #filename = '';
    #lineno = 0;
    #colno = 0;
    #error: unknown;

    constructor(type: string, init?: dom.ErrorEventInit | null) {
      if (arguments.length === 0) throw wrongConstructorArgument('ErrorEvent', 1, 'string');
      const text = toText(type);
      const given = dictionary('ErrorEvent', 'ErrorEventInit', init);
      super(text, given);
      if (given === undefined) return;
      const { message = '', filename = '', lineno = 0, colno = 0, error } = given;
      this.#message = toCodeUnitText(message);
      this.#filename = toCodeUnitText(filename);
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

    static own(value: unknown): ErrorEvent {
      if (typeof value !== 'object' || value === null || !(#message in value)) throw illegalInvocation();
      return value;
    }

    get filename() {
      return ErrorEvent.own(this).#filename;
    }
    get message() {
      return ErrorEvent.own(this).#message;
    }
    get lineno() {
      return ErrorEvent.own(this).#lineno;
    }
    get colno() {
      return ErrorEvent.own(this).#colno;
    }
    get error() {
      return ErrorEvent.own(this).#error;
    }
  }

  inherit(Event.prototype, globalThis.Event.prototype);
  const face = expose<dom.EventConstructor>(Event, compat, ['type']);
  constants(face, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });
  return {
    Event: face,
    MessageEvent: expose(MessageEvent, compat, ['type']),
    CloseEvent: expose(CloseEvent, compat, ['type']),
    ErrorEvent: expose(ErrorEvent, compat, ['type', 'message', 'error']),
    open: () => state.trust(new Event('open')),
    message: MessageEvent.from,
    close: CloseEvent.from,
    error: ErrorEvent.from,
    isEvent: state.isEvent,
    begin: state.begin,
    setPassive: state.setPassive,
    isStopped: state.isStopped,
    isPrevented: state.isPrevented,
    end: state.end,
  };
}

/** What was given, as a dictionary; nothing for what means an empty one. */
function dictionary<T extends object>(owner: string, name: string, value: T | null | undefined): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' && typeof value !== 'function') throw wrongConstructorArgument(owner, 2, name);
  return value;
}

/** As the runtime takes in most of an event's texts: a lone surrogate is three bytes, each of which is replaced. */
function toCodeUnitText(value: unknown): string {
  return toMessageText(toText(value));
}

/** Whether it is the type of one of the shell's own events, whose text needs no look. */
function isUsual(type: unknown): boolean {
  return type === 'message' || type === 'close' || type === 'error' || type === 'open';
}

const none: readonly never[] = Object.freeze([]);

/** Never, by the types: nothing here sends ports. But programs make events of their own. */
function isPort(value: unknown): value is never {
  return value instanceof MessagePort;
}

/** What a program sees of ends and their events, as the Workers runtime has it. Needs no types of Node's. */

export interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

export interface Event {
  readonly type: string;
  /** Undefined before it is dispatched. */
  readonly target: EventTarget | null | undefined;
  readonly currentTarget: EventTarget | null | undefined;
  readonly srcElement: EventTarget | null | undefined;
  readonly eventPhase: 0 | 2;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  readonly returnValue: boolean;
  readonly timeStamp: number;
  /** Whether it came from the socket, rather than from `new`. */
  readonly isTrusted: boolean;
  cancelBubble: boolean;
  composedPath(): [EventTarget?];
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
}

export interface EventConstructor {
  new (type: string, init?: EventInit): Event;
  readonly prototype: Event;
  readonly NONE: 0;
  readonly CAPTURING_PHASE: 1;
  readonly AT_TARGET: 2;
  readonly BUBBLING_PHASE: 3;
}

export interface MessageEventInit<T = unknown> extends EventInit {
  data?: T;
  origin?: string;
  lastEventId?: string;
  source?: null;
  ports?: readonly never[];
}

export interface MessageEvent<T = any> extends Event {
  readonly data: T;
  readonly origin: string | null;
  readonly lastEventId: string;
  readonly source: null;
  readonly ports: readonly never[];
}

export interface MessageEventConstructor {
  new <T = any>(type: string, init?: MessageEventInit<T>): MessageEvent<T>;
  readonly prototype: MessageEvent;
}

export interface CloseEventInit extends EventInit {
  code?: number;
  reason?: string;
  wasClean?: boolean;
}

export interface CloseEvent extends Event {
  /** 1005 when the other end gave none, 1006 when it vanished. */
  readonly code: number;
  readonly reason: string;
  /** Whether the other end closed, rather than vanished. */
  readonly wasClean: boolean;
}

export interface CloseEventConstructor {
  new (type: string, init?: CloseEventInit): CloseEvent;
  readonly prototype: CloseEvent;
}

export interface ErrorEventInit extends EventInit {
  message?: string;
  filename?: string;
  lineno?: number;
  colno?: number;
  error?: unknown;
}

export interface ErrorEvent extends Event {
  readonly message: string;
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly error: any;
}

export interface ErrorEventConstructor {
  new (type: string, init?: ErrorEventInit): ErrorEvent;
  readonly prototype: ErrorEvent;
}

/** A function, or an object with a `handleEvent`. Bivariant, so that one made for the global event types fits. */
export type Listener<Target, E> =
  | { function(this: Target, event: E): unknown }['function']
  | { handleEvent(event: E): unknown };

export interface AddEventListenerOptions {
  capture?: false;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

export interface EventTarget {
  addEventListener(
    type: string,
    listener: Listener<this, Event> | null | undefined,
    options?: AddEventListenerOptions | false,
  ): void;
  removeEventListener(
    type: string,
    listener: Listener<this, Event> | null | undefined,
    options?: { capture?: false } | false,
  ): void;
  /** Calls the listeners before it returns. False if one of them called `preventDefault`. */
  dispatchEvent(event: Event): boolean;
}

export interface EventTargetConstructor {
  new (): EventTarget;
  readonly prototype: EventTarget;
}

export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent<string | ArrayBuffer | Blob>;
  close: CloseEvent;
  error: ErrorEvent;
}

export interface AcceptOptions {
  /** Whether the end may go on sending after the other one closed, until it closes too. */
  allowHalfOpen?: boolean;
}

/** An end of a pair, or a client made from a URL. */
export interface WebSocket extends EventTarget {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly READY_STATE_CONNECTING: 0;
  readonly READY_STATE_OPEN: 1;
  readonly READY_STATE_CLOSING: 2;
  readonly READY_STATE_CLOSED: 3;

  readonly readyState: 0 | 1 | 2 | 3;
  readonly url: string | null;
  readonly protocol: string | null;
  readonly extensions: string | null;
  /** What binary messages arrive as. */
  binaryType: 'blob' | 'arraybuffer';
  /** Bytes that were sent and that the other end has not taken. */
  readonly bufferedAmount: number;

  /** Starts delivery, with what the other end has sent so far. */
  accept(options?: AcceptOptions | null): void;
  /** Sends bytes as a binary message, anything else as the text it converts to. */
  send(message: ArrayBufferLike | ArrayBufferView | string): void;
  close(code?: number, reason?: string): void;
  /** Keeps a copy of a value of up to 16384 serialized bytes with this end. */
  serializeAttachment(value: unknown): void;
  /** A new copy of that value, or null. */
  deserializeAttachment(): any;

  onopen?: ((event: Event) => unknown) | null;
  onmessage?: ((event: MessageEvent) => unknown) | null;
  onclose?: ((event: CloseEvent) => unknown) | null;
  onerror?: ((event: ErrorEvent) => unknown) | null;

  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: Listener<this, WebSocketEventMap[K]> | null | undefined,
    options?: AddEventListenerOptions | false,
  ): void;
  addEventListener(
    type: string,
    listener: Listener<this, Event> | null | undefined,
    options?: AddEventListenerOptions | false,
  ): void;
  removeEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: Listener<this, WebSocketEventMap[K]> | null | undefined,
    options?: { capture?: false } | false,
  ): void;
  removeEventListener(
    type: string,
    listener: Listener<this, Event> | null | undefined,
    options?: { capture?: false } | false,
  ): void;
}

/**
 * Two connected ends: what one sends, the other receives.
 *
 * A type alias, not an interface: only so does `Object.values` see what the keys hold.
 */
export type WebSocketPair = {
  readonly 0: WebSocket;
  readonly 1: WebSocket;
  [Symbol.iterator](): IterableIterator<WebSocket>;
};

export interface WebSocketPairConstructor {
  new (): WebSocketPair;
  readonly prototype: WebSocketPair;
}

declare global {
  interface ObjectConstructor {
    /** The two ends, one for each, where the general signature gives an array of any length. */
    values(pair: WebSocketPair): [WebSocket, WebSocket];
  }
}

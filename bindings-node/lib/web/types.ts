/** What a program sees, as the Workers runtime has it. */

import type { ClientOptions, SessionChoice } from '../engine/network-types';
import type {
  CloseEventConstructor,
  ErrorEventConstructor,
  EventConstructor,
  EventTargetConstructor,
  MessageEventConstructor,
  WebSocket,
  WebSocketPairConstructor,
} from './end-types';

export type * from './end-types';

export interface WebSocketConstructor {
  /** @param options not part of the standard, nor of the runtime */
  new (url: string | URL, protocols?: string | string[], options?: ClientOptions): WebSocket;
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly READY_STATE_CONNECTING: 0;
  readonly READY_STATE_OPEN: 1;
  readonly READY_STATE_CLOSING: 2;
  readonly READY_STATE_CLOSED: 3;
}

export interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: ConstructorParameters<typeof globalThis.Headers>[0];
  /** The end that the client gets, with status 101. */
  webSocket?: WebSocket | null;
}

/** The global `Response`, which here can also carry an end of a pair. */
export interface Response extends globalThis.Response {
  readonly webSocket: WebSocket | null;
  clone(): Response;
}

/** What the global class takes, whoever declares it. */
type Body = ConstructorParameters<typeof globalThis.Response>[0];

export interface ResponseConstructor {
  new (body?: Body, init?: ResponseInit | Response): Response;
  readonly prototype: Response;
  error(): Response;
  json(data: unknown, init?: ResponseInit): Response;
  redirect(url: string | URL, status?: number): Response;
}

/** The global `fetch`, which here also opens a connection if a header asks for it. */
export type Fetch = (
  input: string | URL | globalThis.Request,
  init?: Parameters<typeof globalThis.fetch>[1] & {
    /** Of a connection; not part of the standard. Default false. */
    http2?: SessionChoice;
  },
) => Promise<Response>;

/** The classes with the behaviour of one compatibility date. */
export interface Runtime {
  WebSocketPair: WebSocketPairConstructor;
  WebSocket: WebSocketConstructor;
  Event: EventConstructor;
  EventTarget: EventTargetConstructor;
  MessageEvent: MessageEventConstructor;
  CloseEvent: CloseEventConstructor;
  ErrorEvent: ErrorEventConstructor;
  Response: ResponseConstructor;
  fetch: Fetch;
}

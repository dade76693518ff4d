/** What a program imports: the classes of Workers, `serve`, `upgrade`, and the connection for any stream. */

import { hostFor, newest } from './runtime';
import { Compat } from './web/compat';
import type * as dom from './web/types';

export {
  type ClosedCause,
  Connection,
  ConnectionConfig,
  type ConnectionEvent,
  type ConnectionOptions,
  type Limits,
  SendError,
} from './engine/connection';
export type { Negotiated } from './engine/engine';
export type { ProtocolRule } from './engine/rules';
export * from './engine/handshake';
export {
  type Bootstrap,
  clientFields,
  type ClientFieldsOptions,
  type FieldsAcceptance,
  type FieldsAnswer,
  type FieldsAsked,
  type FieldsProgress,
  type FieldsRefusal,
  fromFields,
  HandshakeRequest,
  type RequestFields,
  verifyFields,
} from './engine/fields';
export { Prepared } from './engine/prepared';
export type * from './engine/network-types';
export { type AcceptedSocket, broadcast } from './network/accepted';
export type { ClosedMessage, RequestMessage } from './network/channels';
export type { Handler, UpgradeOptions } from './network/acceptor';
export type { ExecutionContext } from './cloudflare/execution-context';
export { type ServeOptions, type Serving, serve } from './network/serve';
export type * from './web/types';
export { type Upgrader, upgrade, upgrader } from './network/upgrade';
export type { AnyWorker, Worker, WorkerClass, WorkerModule } from './network/worker';
export { WebSocketRequestResponsePair } from './web/request-response-pair';
export type { DurableObjects } from './durable/host';
export type { DurableObjectId } from './durable/id';
export type { DurableObjectNamespace } from './durable/namespace';
export type { DurableObjectStub } from './durable/stub-types';
export type { DurableObjectState } from './durable/state';
export type { AlarmInfo, DurableObjectStorage, DurableObjectTransaction, ListOptions, SqlCursor, SqlStorage, SyncKvStorage } from './durable/storage';

const { classes } = newest;

// Each is a class to `new` and a type to write, which an `export *` would not join.
export const WebSocketPair: dom.WebSocketPairConstructor = classes.WebSocketPair;
export type WebSocketPair = dom.WebSocketPair;
export const WebSocket: dom.WebSocketConstructor = classes.WebSocket;
export type WebSocket = dom.WebSocket;
export const EventTarget: dom.EventTargetConstructor = classes.EventTarget;
export type EventTarget = dom.EventTarget;
export const Event: dom.EventConstructor = classes.Event;
export type Event = dom.Event;
export const MessageEvent: dom.MessageEventConstructor = classes.MessageEvent;
export type MessageEvent<T = any> = dom.MessageEvent<T>;
export const CloseEvent: dom.CloseEventConstructor = classes.CloseEvent;
export type CloseEvent = dom.CloseEvent;
export const ErrorEvent: dom.ErrorEventConstructor = classes.ErrorEvent;
export type ErrorEvent = dom.ErrorEvent;
export const Response: dom.ResponseConstructor = classes.Response;
export const fetch: dom.Fetch = classes.fetch;
export type Response = dom.Response;

/**
 * The classes with the behaviour that a Worker with this compatibility date and these
 * compatibility flags sees. Those that this module exports have that of the newest date.
 *
 * Classes of different behaviour are different classes: give an end only to code of its own kind.
 *
 * @param date year-month-day
 * @param flags as in a Worker's configuration; those that are not about WebSockets are ignored
 */
export function forCompatibilityDate(date: string, flags: readonly string[] = []): dom.Runtime {
  return { ...hostFor(Compat.at(date, flags)).classes };
}

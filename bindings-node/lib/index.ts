/** WebSocketPair on Node. */

import { Compat } from './compat';
import { hostFor, newest } from './runtime';
import type * as dom from './types';

export type * from './types';

const { classes } = newest;

export const WebSocketPair: dom.WebSocketPairConstructor = classes.WebSocketPair;
export const WebSocket: dom.WebSocketConstructor = classes.WebSocket;
export const EventTarget: dom.EventTargetConstructor = classes.EventTarget;
export const Event: dom.EventConstructor = classes.Event;
export const MessageEvent: dom.MessageEventConstructor = classes.MessageEvent;
export const CloseEvent: dom.CloseEventConstructor = classes.CloseEvent;
export const ErrorEvent: dom.ErrorEventConstructor = classes.ErrorEvent;
export const Response: dom.ResponseConstructor = classes.Response;

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

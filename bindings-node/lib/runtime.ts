/** The classes of a compatibility date, put together. */

import { Compat } from './compat';
import type { Shell } from './end';
import { defineEvents } from './events';
import { defineFetch } from './fetch';
import { definePair } from './pair';
import { Response } from './response';
import { defineEventTarget } from './target';
import type { Runtime } from './types';
import { defineWebSocket, type Sockets } from './websocket';

/** The classes, and how the rest of the shell makes ends of them. */
export interface Host {
  readonly classes: Runtime;
  readonly shell: Shell;
  readonly sockets: Sockets;
}

const hosts = new Map<number, Host>();

export function hostFor(compat: Compat): Host {
  const known = hosts.get(compat.bits);
  if (known !== undefined) return known;

  const events = defineEvents(compat);
  const targets = defineEventTarget(compat, events);
  const shell: Shell = { compat, events, targets };
  const sockets = defineWebSocket(shell);
  const { Event, MessageEvent, CloseEvent, ErrorEvent } = events;
  const { EventTarget } = targets;
  const { WebSocket } = sockets;
  const WebSocketPair = definePair(shell, sockets);
  const classes: Omit<Runtime, 'fetch'> = {
    WebSocketPair,
    WebSocket,
    Event,
    EventTarget,
    MessageEvent,
    CloseEvent,
    ErrorEvent,
    Response,
  };
  const host = { classes, shell, sockets } as Host;
  Object.assign(classes, { fetch: defineFetch(host) });
  hosts.set(compat.bits, host);
  return host;
}

export const newest = hostFor(Compat.newest());

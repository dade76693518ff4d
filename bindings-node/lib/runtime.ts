/** The classes of a compatibility date, put together. */

import { connect } from './network/client';
import { defineFetch } from './network/fetch';
import { Compat } from './web/compat';
import type { Shell } from './web/end';
import type { Host } from './web/ends';
import { defineEvents } from './web/events';
import { definePair } from './web/pair';
import { Response } from './web/response';
import { defineEventTarget } from './web/target';
import type { Runtime } from './web/types';
import { defineWebSocket } from './web/websocket';

const hosts = new Map<number, Host>();

export function hostFor(compat: Compat): Host {
  const known = hosts.get(compat.bits);
  if (known !== undefined) return known;

  const events = defineEvents(compat);
  const targets = defineEventTarget(compat, events);
  const shell: Shell = { compat, events, targets };
  const sockets = defineWebSocket(shell, connect);
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

/** The global names that Workers have. */

import { replacement } from './request';
import { WebSocketRequestResponsePair } from './request-response-pair';
import { scheduler } from './scheduler';
import type * as dom from './types';

let put: dom.Runtime | undefined;

export function putGlobals(classes: dom.Runtime): void {
  const { WebSocketPair, WebSocket, MessageEvent, CloseEvent, ErrorEvent, Response, fetch } = classes;
  put = classes;
  judged.add(Response);
  set({ WebSocketPair, WebSocket, WebSocketRequestResponsePair, MessageEvent, CloseEvent, ErrorEvent, Response, fetch, scheduler, ...(replacement && { Request: replacement }) });
}

/**
 * Puts `Response` back where a library has since put one of its own that loses sockets, as
 * @hono/node-server does when it begins to serve.
 */
export function keepResponse(): void {
  const { Response } = globalThis;
  if (put === undefined || judged.has(Response)) return;
  if (keepsSockets(Response, put)) judged.add(Response);
  else set({ Response: put.Response });
}

/** Those that need not be tried. */
const judged = new WeakSet<object>();

function keepsSockets(Response: new (body: null, init: object) => object, { WebSocketPair }: dom.Runtime): boolean {
  const { 0: webSocket } = new WebSocketPair();
  try {
    const response = new Response(null, { status: 101, webSocket }) as dom.Response;
    // Some keep what they are given until somebody looks, and then not all of it.
    void response.headers;
    return response.webSocket === webSocket;
  } catch {
    return false;
  }
}

function set(globals: object): void {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}

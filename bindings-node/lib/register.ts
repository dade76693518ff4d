/** Puts the classes where Workers have them. */

import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { newest } from './internal';
import type * as dom from './types';

export function register(classes: dom.Runtime = newest.classes): void {
  const { WebSocketPair, WebSocket, MessageEvent, CloseEvent, ErrorEvent, Response, fetch } = classes;
  const globals = { WebSocketPair, WebSocket, MessageEvent, CloseEvent, ErrorEvent, Response, fetch };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  // From Node 20.6 on modules find `cloudflare:workers` too.
  module.register?.(pathToFileURL(path.join(__dirname, 'resolve-cloudflare.mjs')));
}

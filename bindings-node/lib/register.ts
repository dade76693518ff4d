/** Puts the classes where Workers have them. */

import { newest } from './internal';
import type * as dom from './types';

export function register(classes: dom.Runtime = newest.classes): void {
  const { WebSocketPair, WebSocket, MessageEvent, CloseEvent, ErrorEvent, Response, fetch } = classes;
  const globals = { WebSocketPair, WebSocket, MessageEvent, CloseEvent, ErrorEvent, Response, fetch };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}

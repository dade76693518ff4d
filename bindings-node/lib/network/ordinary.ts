/**
 * Requests that ask for another protocol which nobody here speaks. They are ordinary ones, with
 * their bodies (RFC 9110 7.8), but node:http stopped reading them where somebody hears its
 * `upgrade` event: here another server, which never listens, reads them anew.
 */

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { isName } from './hop';
import type { Stream } from './link';

/** Who hears what that server read. */
export interface Listener {
  request(message: IncomingMessage, to: ServerResponse): void;
  upgrade(message: IncomingMessage, socket: Stream, head: Buffer): void;
}

interface Route extends Listener {
  /** The fields of the first request, until it comes. */
  fields: string[] | undefined;
}

/** Has `listener` hear of the request, and of all that follow it on the socket. */
export function readAnew(message: IncomingMessage, socket: Stream & { server?: unknown }, head: Buffer, listener: Listener): void {
  const { method, url, httpVersion, rawHeaders } = message;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    // What made it stop.
    if (!isName(rawHeaders[at]!, 'upgrade')) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  const { request, upgrade } = listener;
  routes.set(socket, { request, upgrade, fields: rawHeaders });
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  reader ??= createReader();
  const { server } = socket;
  reader.emit('connection', socket);
  // The one that listens is still whose socket it is.
  socket.server = server;
}

const routes = new WeakMap<object, Route>();
let reader: http.Server | undefined;

function createReader(): http.Server {
  // The first head was short enough for who read it.
  const server = http.createServer({ maxHeaderSize: 1 << 20 });
  server.on('request', (message, to) => {
    const route = routes.get(message.socket)!;
    restore(message, route);
    route.request(message, to);
  });
  server.on('upgrade', (message, socket, head) => routes.get(message.socket)!.upgrade(message, socket, head));
  // Has it watch over the time that requests take.
  server.emit('listening');
  return server;
}

function restore(message: IncomingMessage, route: Route): void {
  const { fields } = route;
  if (fields === undefined) return;
  route.fields = undefined;
  const at = fields.findIndex((name, at) => at % 2 === 0 && isName(name, 'upgrade'));
  message.rawHeaders = fields;
  message.headers.upgrade = fields[at + 1];
}

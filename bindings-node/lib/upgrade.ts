/** Has a Worker's `fetch` answer what node:http hears, and puts the ends that it returns on the sockets. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { ConnectionOptions } from './connection';
import { Coupler } from './coupling';
import { send, sendError, toRequest } from './exchange';
import { report, takeEnd } from './internal';
import { wishes } from './handshake';
import type { Link, Stream } from './link';
import { native } from './native';
import type { DeflateWishes } from './network-types';
import type * as dom from './types';
import type { Wire } from './wire';

/** A Worker's handler. */
export type Handler = (request: Request) => Response | Promise<Response>;

export interface UpgradeOptions {
  /** The origins whose pages may connect, as `https://example.org`. Default all. */
  origins?: readonly string[];
  /** Whether a client that names no origin may connect. Default yes. */
  missingOrigin?: boolean;
  /** What connections may hold, and when they ping. Messages: 32 MiB unless set. */
  limits?: Omit<ConnectionOptions, 'autoClose' | 'chunks'>;
  /** Whether messages are compressed where the client can. Default yes. */
  deflate?: boolean | DeflateWishes;
}

/** What many requests have in common. */
export class Upgrader {
  readonly links = new Set<Link>();
  private readonly coupler: Coupler;
  private readonly policy: object;

  constructor({ origins, missingOrigin, limits, deflate = true }: UpgradeOptions = {}) {
    this.coupler = new Coupler(limits);
    this.policy = native.serverPolicy({
      ...(origins && { origins: [...origins] }),
      ...(missingOrigin !== undefined && { missingOrigin }),
      deflate: wishes(deflate),
    });
  }

  /** For the `request` event: there is nothing to upgrade. */
  async request(message: IncomingMessage, to: ServerResponse, handler: Handler): Promise<void> {
    const gone = new AbortController();
    to.on('close', () => to.writableFinished || gone.abort());
    try {
      const response = await call(handler, message, gone.signal);
      if (response.webSocket) throw notAsked();
      await send(response, to, message.method);
    } catch (error) {
      report(error);
      sendError(to);
    }
  }

  /** For the `upgrade` event. */
  async upgrade(message: IncomingMessage, socket: Stream, head: Buffer, handler: Handler): Promise<void> {
    const failed = () => socket.destroy();
    socket.on('error', failed);
    const asks = message.headers.upgrade?.toLowerCase() === 'websocket';
    const refusal = asks && native.originRefusal(this.policy, message.headers.origin);
    if (refusal) return void socket.end(refusal.response);
    const gone = new AbortController();
    const abort = () => gone.abort();
    socket.on('close', abort);
    // The bytes behind the head have no reader yet.
    socket.pause();
    let response: dom.Response;
    try {
      response = await call(handler, message, gone.signal);
      if (response.webSocket && !asks) throw notAsked();
    } catch (error) {
      report(error);
      return answer(message, socket, sendError);
    }
    const { webSocket } = response;
    if (!webSocket) return answer(message, socket, (to) => send(response, to, message.method));
    socket.off('close', abort);
    socket.off('error', failed);
    this.couple(message, socket, head, webSocket, [...response.headers].flat());
  }

  private couple(message: IncomingMessage, socket: Stream, head: Buffer, end: dom.WebSocket, fields: string[]): void {
    const { method = '', url = '', rawHeaders } = message;
    const { agreed, response } = native.upgradeAnswer(method, url, rawHeaders, this.policy, fields);
    socket.on('error', () => {});
    let wire: Wire | undefined;
    try {
      wire = takeEnd(end);
    } catch (error) {
      report(error);
    }
    if (agreed === undefined || wire === undefined || socket.destroyed) {
      wire?.lost();
      // Without an end the client is told yes all the same, and then dropped.
      socket.end(response, () => socket.destroy());
      return;
    }
    socket.write(response);
    // Before the link, which may have a reason to stop it.
    socket.resume();
    const link = this.coupler.couple(false, socket, head, agreed, wire);
    this.links.add(link);
    link.onclose = () => this.links.delete(link);
  }
}

async function call(handler: Handler, message: IncomingMessage, signal: AbortSignal): Promise<dom.Response> {
  const response: unknown = await handler(toRequest(message, signal));
  if (!(response instanceof globalResponse)) {
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  }
  return response as dom.Response;
}

/** Before anyone puts another, which extends it, in its place. */
const globalResponse = globalThis.Response;

function notAsked(): TypeError {
  return new TypeError(
    'Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket".',
  );
}

/** Answers on a socket that node:http gave away. */
async function answer(message: IncomingMessage, socket: Stream, respond: (to: ServerResponse) => unknown): Promise<void> {
  if (socket.destroyed) return;
  const to = new ServerResponse(message);
  to.shouldKeepAlive = false;
  to.assignSocket(socket as never);
  to.on('finish', () => {
    to.detachSocket(socket as never);
    socket.end(() => socket.destroy());
  });
  socket.resume();
  await respond(to);
}

let usualUpgrader: Upgrader | undefined;

/**
 * Answers the `upgrade` event of a server of node:http, which may serve anything else beside.
 *
 *     server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, worker.fetch));
 */
export function upgrade(
  request: IncomingMessage,
  socket: Stream,
  head: Buffer,
  fetch: Handler,
  options?: UpgradeOptions,
): Promise<void> {
  const upgrader = options === undefined ? (usualUpgrader ??= new Upgrader()) : new Upgrader(options);
  return upgrader.upgrade(request, socket, head, fetch);
}

/**
 * Answers the `upgrade` event, or the `stream` event, of a server that the program has, and that serves anything else
 * beside.
 */

import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { within } from '../basics/deadline';
import { checkOptions, wrongValue } from '../basics/options';
import type { AcceptedSocket } from './accepted';
import { Acceptor, type Handler, type UpgradeOptions } from './acceptor';
import type { Stream } from './link';
import { closeRules, upgradeRules } from './server-rules';
import { handlerOf, type Worker } from './worker';

/** The WebSockets of one Worker on a server. */
export interface Upgrader extends Iterable<AcceptedSocket> {
  /** For the `upgrade` event; a function of its own, that can be passed as it is. */
  readonly handle: (request: IncomingMessage, socket: Stream, head: Buffer) => Promise<void>;
  /**
   * For the `stream` event of node:http2, where `headers[':protocol']` is there. A function of its own. The server
   * needs `settings: { enableConnectProtocol: true }`, and a listener for `connect` if it has one for `request`.
   */
  readonly stream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => Promise<void>;
  /** How many are open. */
  readonly size: number;
  /** Tells all that it goes away (1001), and drops who has not gone by the deadline, in milliseconds. */
  close(options?: { deadline?: number }): Promise<void>;
}

/**
 * Puts a Worker's WebSockets beside what a server serves.
 *
 *     const sockets = upgrader(worker);
 *     server.on('upgrade', sockets.handle);
 */
export function upgrader<Env>(worker: Worker<Env> | Handler<Env>, options: UpgradeOptions<Env> = {}): Upgrader {
  const handler = handlerOf(worker);
  checkOptions('upgrader', options, upgradeRules);
  const acceptor = new Acceptor(options);
  return {
    handle: (request, socket, head) => acceptor.upgrade(request, socket, head, handler),
    stream: (stream, headers) => acceptor.stream(stream, headers, handler),
    get size() {
      return acceptor.links.size;
    },
    [Symbol.iterator]: () => acceptor.links.values(),
    async close(options = {}) {
      checkOptions('close', options, closeRules);
      const { deadline = 5_000 } = options;
      acceptor.beginClosing();
      await within(deadline, Promise.all([acceptor.closed(), acceptor.contexts.settled()]));
      acceptor.destroy();
    },
  };
}

const acceptors = new WeakMap<object, Acceptor>();

/**
 * Answers one `upgrade` event.
 *
 *     server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, worker.fetch));
 *
 * What asks for another protocol than WebSocket goes to the server's `request` event, where
 * somebody hears it: it is an ordinary request.
 */
export function upgrade<Env>(
  request: IncomingMessage,
  socket: Stream,
  head: Buffer,
  fetch: Handler<Env>,
  options?: UpgradeOptions<Env>,
): Promise<void>;
/**
 * Answers a `stream` event of node:http2 that asks for a WebSocket (RFC 8441).
 *
 *     const server = http2.createSecureServer({ key, cert, settings: { enableConnectProtocol: true } });
 *     server.on('stream', (stream, headers) => {
 *       if (headers[':protocol'] !== undefined) upgrade(stream, headers, worker.fetch);
 *     });
 *
 * A server that has a listener for `request` needs one for `connect` as well, which may do nothing:
 * without it node:http2 answers each CONNECT by itself, with 405.
 */
export function upgrade<Env>(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  fetch: Handler<Env>,
  options?: UpgradeOptions<Env>,
): Promise<void>;
export function upgrade(...given: unknown[]): Promise<void> {
  if (typeof given[2] === 'function') {
    const [stream, headers, fetch, options] = given as [ServerHttp2Stream, IncomingHttpHeaders, Handler, UpgradeOptions?];
    return acceptorOf(fetch, options).stream(stream, headers, fetch);
  }
  const [request, socket, head, fetch, options] = given as [IncomingMessage, Stream, Buffer, Handler, UpgradeOptions?];
  return acceptorOf(fetch, options).upgrade(request, socket, head, fetch);
}

function acceptorOf(fetch: Handler, options: UpgradeOptions = usual): Acceptor {
  let acceptor = acceptors.get(options);
  if (acceptor === undefined) {
    if (typeof fetch !== 'function') throw wrongValue('upgrade', 'a function, as a Worker has by the name of fetch,', fetch);
    checkOptions('upgrade', options, upgradeRules);
    acceptors.set(options, (acceptor = new Acceptor(options)));
  }
  return acceptor;
}

const usual: UpgradeOptions = {};

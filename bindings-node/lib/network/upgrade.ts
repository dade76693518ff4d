/** Answers the `upgrade` event of a server that the program has, and that serves anything else beside. */

import type { IncomingMessage } from 'node:http';
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
  options: UpgradeOptions<Env> = usual,
): Promise<void> {
  let acceptor = acceptors.get(options);
  if (acceptor === undefined) {
    if (typeof fetch !== 'function') throw wrongValue('upgrade', 'a function, as a Worker has by the name of fetch,', fetch);
    checkOptions('upgrade', options, upgradeRules);
    acceptors.set(options, (acceptor = new Acceptor(options)));
  }
  return acceptor.upgrade(request, socket, head, fetch);
}

const usual: UpgradeOptions = {};

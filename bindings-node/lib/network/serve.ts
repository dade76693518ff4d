/** Serves a Worker on node:http and node:http2. */

import type https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { within } from '../basics/deadline';
import { checkOptions } from '../basics/options';
import { report } from '../basics/report';
import { type DurableObjects, Host } from '../durable/host';
import type { AcceptedSocket } from './accepted';
import { Acceptor, type UpgradeOptions } from './acceptor';
import { checkServerOptions, createServer, listenTo, type Server } from './server';
import { closeRules, serveRules } from './server-rules';
import { type AnyWorker, handlerOf, moduleOf, type Worker } from './worker';

export interface ServeOptions<Env = any> extends UpgradeOptions<Env> {
  /** Default 8787; 0 for any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Serves https and wss with these. */
  tls?: https.ServerOptions;
  /**
   * Speaks HTTP/2 with those who can, WebSockets included (RFC 8441), and HTTP/1.1 with the others. Default true with
   * `tls`, without which no browser does. "cleartext": HTTP/2 alone and without TLS, for who knows beforehand, as a
   * proxy.
   */
  http2?: boolean | 'cleartext';
  /** Milliseconds that the head of a request, and what comes before it, may take. Default 10 s. */
  headTimeout?: number;
  /** Bindings in `env` beside others: those of a Worker's configuration. */
  vars?: Record<string, unknown>;
  /** The Durable Object class of each binding in `env`: a name under which the Worker's module exports it. */
  durableObjects?: Record<string, string>;
  /** The folder where Durable Objects are kept, or `memory`, which is the default. */
  state?: string;
  /**
   * What a write that was answered survives: a loss of power too, which is the default, or only the end of the process.
   */
  durability?: 'power' | 'process';
  /** Milliseconds without an event after which a Durable Object sleeps; 0 for never. Default 10 s. */
  hibernateAfter?: number;
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** The Durable Objects of the Worker. */
  readonly durable: DurableObjects;
  /** The WebSockets that are open. */
  readonly sockets: Iterable<AcceptedSocket> & { readonly size: number };
  /**
   * Tells all clients that it goes away (1001), and drops who has not gone by the deadline, in milliseconds. Default 5
   * s.
   */
  close(options?: { deadline?: number }): Promise<void>;
}

/**
 * Resolves once it listens.
 *
 * @param worker its module, where it has more than a default export (`import * as worker`)
 */
export async function serve<Env>(worker: AnyWorker<Env>, options: ServeOptions<Env> = {}): Promise<Serving> {
  const module = moduleOf(worker);
  handlerOf(module['default'] as Worker);
  checkOptions('serve', options, serveRules);
  checkServerOptions(options);
  const { vars, durableObjects: bindings, state, durability, hibernateAfter } = options;
  // One to which nothing is added stays the object that it is.
  const env = vars || bindings ? { ...vars, ...(options.env as object) } : (options.env as Record<string, unknown> | undefined);
  return serveModule(module, new Host({ env, bindings, state, durability, hibernateAfter }), options);
}

/** Serves a Worker whose bindings are there already. */
export async function serveModule(module: Readonly<Record<string, unknown>>, objects: Host, options: ServeOptions): Promise<Serving> {
  try {
    return await listen(module, objects, options);
  } catch (error) {
    // Else its state would stay in use.
    await objects.abandon();
    throw error;
  }
}

async function listen(module: Readonly<Record<string, unknown>>, objects: Host, options: ServeOptions): Promise<Serving> {
  const handler = handlerOf(module['default'] as Worker);
  const { port = 8787, host = '127.0.0.1', tls, http2, headTimeout = 10_000 } = options;
  objects.load(module);
  const acceptor = new Acceptor({ ...options, env: objects.givenEnv }, objects.exports);
  const server = createServer({ tls, http2, headTimeout });
  const accepted = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    accepted.add(socket);
    socket.on('close', () => accepted.delete(socket));
  });
  const sessions = listenTo(server, acceptor, handler, { tls, http2, headTimeout });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // As when no more files can be opened: it goes on with those it has.
  server.on('error', report);
  objects.start();
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    url: `http${tls === undefined ? '' : 's'}://${name}:${address.port}/`,
    port: address.port,
    server,
    durable: objects,
    sockets: {
      get size() {
        return acceptor.links.size;
      },
      [Symbol.iterator]: () => acceptor.links.values(),
    },
    async close(options = {}) {
      checkOptions('close', options, closeRules);
      const { deadline = 5_000 } = options;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      acceptor.beginClosing();
      sessions.beginClosing();
      await within(deadline, Promise.all([closed, acceptor.contexts.settled(), objects.idle()]));
      acceptor.destroy();
      sessions.destroy();
      for (const socket of accepted) socket.destroy();
      await closed;
      await objects.close();
    },
  };
}

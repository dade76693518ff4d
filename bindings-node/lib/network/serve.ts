/** Serves a Worker on node:http. */

import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { within } from '../basics/deadline';
import { checkOptions } from '../basics/options';
import { report } from '../basics/report';
import type { AcceptedSocket } from './accepted';
import { Acceptor, type Handler, type UpgradeOptions } from './acceptor';
import { closeRules, serveRules } from './server-rules';
import { handlerOf, type Worker, type WorkerClass } from './worker';

export interface ServeOptions<Env = any> extends UpgradeOptions<Env> {
  /** Default 8787; 0 for any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Serves https and wss with these. */
  tls?: https.ServerOptions;
  /** Milliseconds that the head of a request, and what comes before it, may take. Default 10 s. */
  headTimeout?: number;
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly server: http.Server | https.Server;
  /** The WebSockets that are open. */
  readonly sockets: Iterable<AcceptedSocket> & { readonly size: number };
  /** Tells all clients that it goes away (1001), and drops who has not gone by the deadline, in milliseconds. Default 5 s. */
  close(options?: { deadline?: number }): Promise<void>;
}

/** Resolves once it listens. */
export async function serve<Env>(
  worker: Worker<Env> | WorkerClass<Env> | Handler<Env>,
  options: ServeOptions<Env> = {},
): Promise<Serving> {
  const handler = handlerOf(worker);
  checkOptions('serve', options, serveRules);
  const { port = 8787, host = '127.0.0.1', tls, headTimeout = 10_000 } = options;
  const acceptor = new Acceptor(options);
  const server = createServer(tls, headTimeout);
  const accepted = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    accepted.add(socket);
    socket.on('close', () => accepted.delete(socket));
  });
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => acceptor.add(socket));
  server.on('request', (message, to) => void acceptor.request(message, to, handler));
  server.on('upgrade', (message, socket, head) => void acceptor.upgrade(message, socket, head, handler));
  server.on('connect', (_message, socket) => void socket.end('HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // As when no more files can be opened: it goes on with those it has.
  server.on('error', report);
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    url: `http${tls === undefined ? '' : 's'}://${name}:${address.port}/`,
    port: address.port,
    server,
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
      await within(deadline, Promise.all([closed, acceptor.contexts.settled()]));
      acceptor.destroy();
      for (const socket of accepted) socket.destroy();
      await closed;
    },
  };
}

function createServer(tls: https.ServerOptions | undefined, headTimeout: number): http.Server | https.Server {
  const limited = Number.isFinite(headTimeout);
  const settings: http.ServerOptions = {
    headersTimeout: limited ? headTimeout : 0,
    connectionsCheckingInterval: limited ? Math.min(Math.max(headTimeout / 10, 10), 1_000) : 30_000,
    requestTimeout: limited ? Math.max(headTimeout, BODY_TIMEOUT) : BODY_TIMEOUT,
  };
  if (tls === undefined) return http.createServer(settings);
  return https.createServer({
    ...(limited && { handshakeTimeout: headTimeout }),
    ...tls,
    ...settings,
    // As http has it. It is an option of tls.Server too.
    ...{ allowHalfOpen: true },
  });
}

/** Milliseconds for a request with its body. As node:http has it. */
const BODY_TIMEOUT = 300_000;

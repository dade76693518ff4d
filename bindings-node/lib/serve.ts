/** Serves a Worker on node:http. */

import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { report } from './internal';
import { type UpgradeOptions, Upgrader } from './upgrade';

export interface ExecutionContext {
  /** Has `close` wait for a promise, whose failure is reported. */
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: object;
}

/** A Worker's default export. */
export interface Worker<Env = any> {
  /** Loosely typed, so that handlers of any declaration of the classes fit. */
  fetch(request: any, env: Env, ctx: any): any;
}

export interface ServeOptions<Env = any> extends UpgradeOptions {
  /** Default 8787; 0 for any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Serves https and wss with these. */
  tls?: https.ServerOptions;
  /** What the Worker gets as its second argument. Default an empty object. */
  env?: Env;
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly server: http.Server | https.Server;
  /** Tells all clients that it goes away (1001), and drops who has not gone by the deadline, in milliseconds. */
  close(options?: { deadline?: number }): Promise<void>;
}

/** Resolves once it listens. */
export async function serve<Env>(worker: Worker<Env>, options: ServeOptions<Env> = {}): Promise<Serving> {
  if (typeof worker?.fetch !== 'function') throw new TypeError('a Worker is an object with a method fetch');
  const { port = 8787, host = '127.0.0.1', tls, env = {} as Env } = options;
  const upgrader = new Upgrader(options);
  const waiting = new Set<Promise<unknown>>();
  const ctx: ExecutionContext = {
    waitUntil(promise) {
      const done = Promise.resolve(promise).catch(report).finally(() => waiting.delete(done));
      waiting.add(done);
    },
    passThroughOnException() {},
    props: {},
  };
  const handler = (request: Request) => worker.fetch(request, env, ctx);

  const server = tls === undefined ? http.createServer() : https.createServer(tls);
  server.on('request', (message, to) => void upgrader.request(message, to, handler));
  server.on('upgrade', (message, socket, head) => void upgrader.upgrade(message, socket, head, handler));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    url: `http${tls === undefined ? '' : 's'}://${name}:${address.port}/`,
    port: address.port,
    server,
    async close({ deadline = 5_000 } = {}) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      for (const link of upgrader.links) link.close(1001);
      const timer = setTimeout(() => {
        for (const link of upgrader.links) link.destroy();
        server.closeAllConnections();
      }, deadline);
      await closed;
      await Promise.all(waiting);
      clearTimeout(timer);
    },
  };
}

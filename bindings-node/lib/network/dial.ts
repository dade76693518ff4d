/** Asks a server for a connection: node:http or node:http2 sends and reads, what it means is the core's. */

import http from 'node:http';
import https from 'node:https';
import { clearTimeout, setTimeout } from '../basics/timers';
import { type NativeClientRequest, native } from '../engine/native';
import type { SessionChoice, TlsOptions } from '../engine/network-types';
import { ask, takesWebSockets } from './http2/client';
import { Pool } from './http2/pool';
import type { Stream } from './link';
import { type Outcome, Unanswered } from './outcome';

export interface Call {
  /** A `ws:` or `wss:` address. */
  url: string;
  request: NativeClientRequest;
  tls?: TlsOptions | undefined;
  /** Milliseconds for all until the connection is open. Default 30 s. */
  connectTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Default false: HTTP/1.1. */
  http2?: SessionChoice | undefined;
}

/** Rejects where there is no answer to rely on: and says why, with a code. */
export async function dial(call: Call): Promise<Outcome> {
  const { connectTimeout = CONNECT_TIMEOUT, signal } = call;
  signal?.throwIfAborted();
  const given = new AbortController();
  const abort = () => given.abort(signal!.reason);
  const late = () => given.abort(new Unanswered(`no connection within ${connectTimeout} ms`, 'ETIMEDOUT'));
  signal?.addEventListener('abort', abort);
  const timer = connectTimeout > LONGEST ? undefined : setTimeout(late, connectTimeout);
  try {
    return (await overHttp2(call, given.signal)) ?? (await overHttp1(call, given.signal));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Undefined where it has to be HTTP/1.1. */
async function overHttp2({ url, request, tls, http2: choice = false }: Call, signal: AbortSignal): Promise<Outcome | undefined> {
  if (choice === false) return undefined;
  if (choice !== true) {
    if (!(await takesWebSockets(choice, signal))) throw new Unanswered('the server takes no WebSockets over HTTP/2', 'EPROTO');
    return ask(choice, request, signal);
  }
  const { secure, host, port } = native.parseAddress(url);
  // Without TLS nobody says what a server speaks.
  if (!secure) return undefined;
  return pool.ask(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, tls, request, signal);
}

const pool = new Pool();

function overHttp1({ url, request, tls }: Call, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // It may have been given up while HTTP/2 was thought of.
    signal.throwIfAborted();
    const { secure, host, port, target } = native.parseAddress(url);
    const options: https.RequestOptions = {
      ...tls,
      host,
      port,
      path: target,
      // As a list they go out as they are.
      headers: request.fields() as unknown as http.OutgoingHttpHeaders,
      // A connection of its own.
      agent: false,
    };
    const asked = (secure ? https : http).request(options);
    const abort = () => asked.destroy(signal.reason);
    signal.addEventListener('abort', abort);
    const settle = () => signal.removeEventListener('abort', abort);
    const opened = (response: http.IncomingMessage, socket: Stream, early: Buffer) => {
      settle();
      // Who takes the socket hears of it by its close.
      socket.on('error', () => {});
      try {
        const { httpVersion, statusCode, rawHeaders: headers } = response;
        const agreed = request.verify(httpVersion, statusCode!, headers);
        resolve({ open: true, socket, early, agreed, headers });
      } catch (error) {
        socket.destroy();
        reject(new Unanswered((error as Error).message, 'EPROTO'));
      }
    };
    asked.on('upgrade', opened);
    let interim = 0;
    asked.on('information', () => {
      if (++interim > MOST_INTERIM) asked.destroy(new Unanswered('too many interim responses', 'EPROTO'));
    });
    asked.on('response', (response) => {
      // So node:http tells of a 101 that upgrades to nothing.
      if (response.statusCode === 101) return opened(response, response.socket, Buffer.alloc(0));
      settle();
      const { statusCode, statusMessage = '', rawHeaders: headers } = response;
      resolve({ open: false, status: statusCode!, phrase: statusMessage, headers, body: response });
    });
    asked.on('error', (error) => {
      settle();
      reject(error);
    });
    asked.end();
  });
}

const CONNECT_TIMEOUT = 30_000;

/** Milliseconds that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

/** As in the core. */
const MOST_INTERIM = 8;

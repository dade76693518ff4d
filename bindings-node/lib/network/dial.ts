/** Asks a server for a connection: node:http sends and reads, what it means is the core's. */

import http from 'node:http';
import https from 'node:https';
import { clearTimeout, setTimeout } from '../basics/timers';
import type { Negotiated } from '../engine/engine';
import { type NativeClientRequest, native } from '../engine/native';
import type { TlsOptions } from '../engine/network-types';
import type { Stream } from './link';

export interface Call {
  /** A `ws:` or `wss:` address. */
  url: string;
  request: NativeClientRequest;
  tls?: TlsOptions | undefined;
  /** Milliseconds for all until the connection is open. Default 30 s. */
  connectTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
}

export type Outcome =
  | { open: true; socket: Stream; early: Buffer; agreed: Negotiated; headers: string[] }
  /** The server said no in plain HTTP. */
  | { open: false; response: http.IncomingMessage };

/** Why an answer cannot be relied on, or did not come. */
class Unanswered extends Error {
  constructor(
    message: string,
    readonly code: 'EPROTO' | 'ETIMEDOUT',
  ) {
    super(message);
  }
}

/** Rejects where there is no answer to rely on: and says why, with a code. */
export function dial({ url, request, tls, connectTimeout = CONNECT_TIMEOUT, signal }: Call): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
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
    const abort = () => asked.destroy(signal!.reason);
    signal?.addEventListener('abort', abort);
    const late = () => asked.destroy(new Unanswered(`no connection within ${connectTimeout} ms`, 'ETIMEDOUT'));
    const timer = connectTimeout > LONGEST ? undefined : setTimeout(late, connectTimeout);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
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
      resolve({ open: false, response });
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

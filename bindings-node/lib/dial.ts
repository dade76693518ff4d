/** Asks a server for a connection: node:http sends and reads, what it means is the core's. */

import http from 'node:http';
import https from 'node:https';
import type { TlsOptions } from './network-types';
import type { Negotiated } from './engine';
import type { Stream } from './link';
import { type NativeClientRequest, native } from './native';
import { clearTimeout, setTimeout } from './timers';

export interface Call {
  /** A `ws:` or `wss:` address. */
  url: string;
  request: NativeClientRequest;
  tls?: TlsOptions | undefined;
  /** Milliseconds for all until the connection is open. */
  connectTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
}

export type Outcome =
  | { open: true; socket: Stream; early: Buffer; agreed: Negotiated; headers: string[] }
  /** The server said no in plain HTTP. */
  | { open: false; response: http.IncomingMessage };

/** Rejects where there is no answer to rely on. */
export function dial({ url, request, tls, connectTimeout, signal }: Call): Promise<Outcome> {
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
    const timer =
      connectTimeout === undefined || connectTimeout === Infinity
        ? undefined
        : setTimeout(() => asked.destroy(timedOut(connectTimeout)), connectTimeout);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    asked.on('upgrade', (response, socket, early) => {
      settle();
      // Who takes the socket hears of it by its close.
      socket.on('error', () => {});
      try {
        const agreed = request.verify(response.httpVersion, response.statusCode!, response.rawHeaders);
        resolve({ open: true, socket, early, agreed, headers: response.rawHeaders });
      } catch (error) {
        socket.destroy();
        // Not the code of the native call.
        reject(Object.assign(error as Error, { code: 'EPROTO' }));
      }
    });
    asked.on('response', (response) => {
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

function timedOut(ms: number): Error {
  return Object.assign(new Error(`no connection within ${ms} ms`), { code: 'ETIMEDOUT' });
}

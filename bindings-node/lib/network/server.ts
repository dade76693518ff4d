/** The server under `serve`: node:http, or node:http2 that falls back to it. */

import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Acceptor, Handler } from './acceptor';
import { StreamResponse } from './http2/response';
import { serverSettings, SESSION_MEMORY, Sessions } from './http2/sessions';
import { StreamCarrier } from './http2/stream';

export interface ServerOptions {
  tls?: https.ServerOptions | undefined;
  /** Default true with `tls`. */
  http2?: boolean | 'cleartext' | undefined;
  /** Milliseconds that the head of a request, and what comes before it, may take. */
  headTimeout: number;
}

export type Server = http.Server | https.Server | http2.Http2Server | http2.Http2SecureServer;

export function checkServerOptions({ tls, http2 }: Omit<ServerOptions, 'headTimeout'>): void {
  if (http2 === true && tls === undefined) throw new TypeError('Option "http2" of serve needs "tls". Without TLS it is "cleartext".');
  if (http2 === 'cleartext' && tls !== undefined) throw new TypeError('Option "http2" of serve can\'t be "cleartext" beside "tls".');
}

/** One that speaks the versions of HTTP that are wanted. */
export function createServer({ tls, http2: how = tls !== undefined, headTimeout }: ServerOptions): Server {
  const limited = Number.isFinite(headTimeout);
  const settings: http.ServerOptions = {
    headersTimeout: limited ? headTimeout : 0,
    connectionsCheckingInterval: limited ? Math.min(Math.max(headTimeout / 10, 10), 1_000) : 30_000,
    requestTimeout: limited ? Math.max(headTimeout, BODY_TIMEOUT) : BODY_TIMEOUT,
  };
  const sessions: http2.ServerOptions = { settings: serverSettings, maxSessionMemory: SESSION_MEMORY };
  if (tls === undefined) return how === 'cleartext' ? http2.createServer(sessions) : http.createServer(settings);
  const secure = {
    ...(limited && { handshakeTimeout: headTimeout }),
    ...tls,
    // As http has it. It is an option of tls.Server too.
    ...{ allowHalfOpen: true },
  };
  if (how === false) return https.createServer({ ...secure, ...settings });
  // Those of HTTP/1.1 it takes as properties only.
  return Object.assign(http2.createSecureServer({ ...secure, ...sessions, allowHTTP1: true }), settings);
}

/** Has a Worker answer what such a server hears; the sessions of HTTP/2 that it has. */
export function listenTo(given: Server, acceptor: Acceptor, handler: Handler, { tls, http2, headTimeout }: ServerOptions): Sessions {
  const server = given as http.Server;
  const sessions = new Sessions();
  if (http2 !== 'cleartext') {
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket & { alpnProtocol?: unknown }) => {
      if (socket.alpnProtocol !== 'h2') return acceptor.add(socket);
      // A session does not outlive one direction of its socket, and Node does not end it by itself.
      socket.allowHalfOpen = false;
    });
  }
  server.on('request', (message, to) => {
    if (!isOfStream(message)) return void acceptor.request(message, to, handler);
    const { stream } = message;
    void acceptor.request(message, new StreamResponse(stream), handler, new StreamCarrier(stream));
  });
  server.on('upgrade', (message, socket, head) => void acceptor.upgrade(message, socket, head, handler));
  server.on('connect', (message, socket) => {
    // What comes on a stream is seen below.
    if (!isOfStream(message)) socket.end(`HTTP/1.1 405 Method Not Allowed\r\nAllow: ${METHODS}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  server.on('session', (session: http2.ServerHttp2Session) => sessions.add(session, headTimeout));
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    if (headers[':protocol'] !== undefined) return void acceptor.stream(stream, headers, handler);
    // Else it is a request, which came above.
    if (headers[':method'] !== 'CONNECT') return;
    const to = new StreamResponse(stream);
    to.writeHead(405, undefined, ['allow', METHODS]);
    to.end();
  });
  return sessions;
}

function isOfStream(message: unknown): message is http2.Http2ServerRequest {
  return (message as http.IncomingMessage).httpVersionMajor >= 2;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** Milliseconds for a request with its body. As node:http has it. */
const BODY_TIMEOUT = 300_000;

/** Between node:http, or node:http2, and the classes of fetch: requests one way, ordinary responses the other. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { report } from '../basics/report';
import { pairs } from '../engine/handshake';
import type { Answer } from '../engine/native';
import { Body, contentLength, lengthOf } from '../web/body';
import { Request } from '../web/request';
import { isEncoded } from './coding';
import { isName, isOfOneHop, passedOn } from './hop';

/** A request, whatever carried it. */
export interface Message extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'rawHeaders'> {
  readonly socket: {
    readonly remoteAddress?: string | undefined;
    readonly localAddress?: string | undefined;
    readonly localPort?: number | undefined;
    /** There under TLS only. */
    readonly encrypted?: boolean;
  };
}

/** Where an answer goes: a response of node:http, or a stream. */
export interface Outgoing
  extends Pick<ServerResponse, 'statusCode' | 'headersSent' | 'shouldKeepAlive' | 'chunkedEncoding' | 'destroyed' | 'writableFinished'> {
  readonly socket: { resetAndDestroy(): unknown } | null;
  on(event: 'close' | 'drain', listener: () => void): this;
  off(event: 'close' | 'drain', listener: () => void): this;
  writeHead(status: number, phrase: string | undefined, fields: string[]): unknown;
  flushHeaders(): void;
  write(chunk: Uint8Array): boolean;
  end(content?: string | Uint8Array): unknown;
  destroy(): unknown;
}

/** What no Worker is asked, as no `Request` can say it. */
export class Unanswerable extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * As a Worker gets it. Throws `Unanswerable`.
 *
 * @param signal aborted when the client is gone
 */
export function toRequest(message: Message, signal: AbortSignal): Request {
  const { method = 'GET' } = message;
  if (unspeakable.has(method)) throw new Unanswerable(501, `method ${method} is not implemented`);
  // A Worker that passes the request on passes these on.
  const kept = asksForWebSocket(message) ? ['connection', 'upgrade'] : ['content-length'];
  const headers = passedOn(fieldsAsked(message), kept).filter(([name]) => !isName(name, CLIENT));
  const { remoteAddress } = message.socket;
  if (remoteAddress !== undefined) headers.push([CLIENT, remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '')]);
  const body = hasBody(message) && method !== 'GET' && method !== 'HEAD' ? Readable.toWeb(message as Message & Readable) : null;
  const init = { method, headers, signal, body, duplex: 'half', redirect: 'manual' } as RequestInit;
  let request: Request;
  try {
    request = new Request(address(message), init);
  } catch (error) {
    throw error instanceof Unanswerable ? error : new Unanswerable(400, (error as Error).message);
  }
  // Where Workers have what the network knows of the client: here it knows nothing.
  return Object.defineProperty(request, 'cf', { value: {}, enumerable: true, writable: true, configurable: true });
}

/** All fields of a request; over HTTP/2 with `Host` for the pseudo-field that stands for it. */
function fieldsAsked({ headers, rawHeaders }: Message): [string, string][] {
  const authority = headers[AUTHORITY];
  if (authority === undefined) return pairs(rawHeaders);
  const fields = pairs(rawHeaders).filter(([name]) => !name.startsWith(':') && name !== 'host');
  return [['host', String(authority)], ...fields];
}

/** The address that was asked for (RFC 9112 3.2 and 3.3, RFC 9113 8.3.1). */
function address({ socket, url = '', headers, rawHeaders }: Message): string {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  if (!url.startsWith('/')) {
    if (/^https?:\/\/[^/?#@]+([/?#]|$)/i.test(url)) return url;
    throw new Unanswerable(400, 'malformed request target');
  }
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && isName(name, 'host'));
  // HTTP/1.0 knows hosts without a name.
  const host = headers[AUTHORITY] ?? headers.host ?? `${socket.localAddress}:${socket.localPort}`;
  if (hosts.length > 1 || !/^[^\s/?#@\\]+$/.test(String(host))) throw new Unanswerable(400, 'repeated or malformed Host');
  return `${scheme}://${host}${url}`;
}

export function asksForWebSocket({ headers }: Message): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

function hasBody({ headers }: Message): boolean {
  return headers['transfer-encoding'] !== undefined || contentLength(headers['content-length']) !== 0;
}

/** Whether it is a `Response`, of whatever make: programs and libraries put their own in the global one's place. */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === 'number' && typeof headers === 'object' && Symbol.iterator in headers;
}

/**
 * Sends a response, its body as it comes. Rejects if it cannot be sent; once it has begun, a body
 * that fails cuts the client off, who else would take it for whole.
 */
export async function send(response: Response, to: Outgoing, method: string | undefined): Promise<void> {
  const { status, body: stream } = response;
  if (response.bodyUsed || stream?.locked) throw new TypeError('Body has already been used. It can only be used once.');
  if (status < 200 || status > 599) throw new RangeError(`A response of status ${status} cannot be sent.`);
  const body = stream === null ? undefined : await Body.begin(stream);
  const encoding = response.headers.get('content-encoding');
  if (encoding !== null) await body?.first();
  if (to.destroyed) return body?.cancel();

  const isDecoded = encoding !== null && (body === undefined ? isFetched(response) : !isStill(encoding, body));
  const fields = fieldsOf(response, to, isDecoded);
  const headOnly = method === 'HEAD' || bodiless.has(status);
  const length = lengthToTell(response, body, headOnly, isDecoded);
  if (length !== undefined) fields.push('content-length', String(length));
  try {
    to.writeHead(status, response.statusText || STATUS_CODES[status], fields);
  } catch (error) {
    body?.cancel();
    throw error;
  }
  if (headOnly || body === undefined) {
    body?.cancel();
    to.end();
  } else {
    await pour(body, to, length);
  }
}

/** What a response says but for what belongs to this connection, which is the host's to say. */
function fieldsOf({ status, headers }: Response, to: Outgoing, isDecoded: boolean): string[] {
  const fields: string[] = [];
  for (const [name, value] of headers) {
    if (!isOfOneHop(name) && !(isDecoded && name === 'content-encoding')) fields.push(name, value);
  }
  // RFC 9110 15.5.22 and 7.8.
  if (status === 426) fields.push('upgrade', 'websocket', 'connection', `upgrade, ${to.shouldKeepAlive ? 'keep-alive' : 'close'}`);
  return fields;
}

function lengthToTell(response: Response, body: Body | undefined, headOnly: boolean, isDecoded: boolean): number | undefined {
  const { status, headers } = response;
  if (bodiless.has(status)) return status === 205 ? 0 : undefined;
  const said = isDecoded ? undefined : contentLength(headers.get('content-length'));
  // What the answer to GET would have: it frames nothing here.
  if (body === undefined) return headOnly ? said : 0;
  return body.length ?? lengthOf(response.body!) ?? (isFetched(response) ? said : undefined);
}

/** Whether it came from the network as it is, by a fetch that is not this package's. */
function isFetched({ url }: Response): boolean {
  return typeof url === 'string' && url !== '';
}

function isStill(encoding: string, { beginning, complete }: Body): boolean {
  return isEncoded(encoding, Buffer.concat(beginning), complete);
}

/** @param length what was told of it, which is kept */
async function pour(body: Body, to: Outgoing, length = Infinity): Promise<void> {
  to.on('close', () => body.cancel());
  let left = length;
  const write = async (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) throw new RangeError(`A body is longer than the ${length} bytes that its Content-Length says.`);
    if (!to.write(chunk)) await drained(to);
  };
  try {
    if (body.beginning.length === 0) to.flushHeaders();
    for (const chunk of body.beginning) await write(chunk);
    for (let chunk; !body.complete && !to.destroyed && (chunk = await body.read()) !== undefined; ) await write(chunk);
    if (left > 0 && length !== Infinity && !to.destroyed) {
      throw new RangeError(`A body is shorter than the ${length} bytes that its Content-Length says.`);
    }
    to.end();
  } catch (error) {
    // Where the client went away the body is cancelled, and nobody is to blame.
    if (to.destroyed) return;
    // Where the end of the stream is the end of the body, only a reset says that it is not.
    if (length === Infinity && !to.chunkedEncoding) reset(to);
    else to.destroy();
    report(error);
  }
}

function drained(to: Outgoing): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
}

function reset(to: Outgoing): void {
  try {
    to.socket?.resetAndDestroy();
  } catch {
    // Not over TLS, where the end of the stream is told apart from a cut.
    to.destroy();
  }
}

/** Answers without asking a Worker. */
export function sendText(to: Outgoing, status: number, text: string): void {
  to.writeHead(status, STATUS_CODES[status], ['content-type', 'text/plain; charset=utf-8', 'content-length', String(Buffer.byteLength(text))]);
  to.end(text);
}

/** Answers as the core says. */
export function sendRefusal(to: Outgoing, { status, fields, content }: Answer): void {
  to.writeHead(status, STATUS_CODES[status], fields);
  to.end(content);
}

const AUTHORITY = ':authority';
const CLIENT = 'cf-connecting-ip';

/** What the classes of fetch refuse. */
const unspeakable = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Statuses whose answers have no content (RFC 9110 15.3.5, 15.3.6, 15.4.5). */
const bodiless = new Set([204, 205, 304]);

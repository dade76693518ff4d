/** The opening handshake over any stream: bytes in, an outcome, bytes to write. */

import { between, boolean, booleanOr, checkOptions, count, fields, milliseconds, object, type Rule, type Rules, text, texts, wrongValue } from '../basics/options';
import type { Negotiated } from './engine';
import { type NativeClientHandshake, type NativeServerHandshake, native } from './native';
import type { DeflateWishes } from './network-types';

/** What a peer may make a handshake hold, and for how long. `Infinity` is no limit, and never. */
export interface HeadLimits {
  /** Most bytes of a head. Default 16 KiB. */
  maxHead?: number;
  /** Most bytes of its first line. Default 8 KiB. */
  maxLine?: number;
  /** Most fields. Default 100. */
  maxFields?: number;
  /** Most bytes kept of a refusal's body. Default 64 KiB. */
  maxBody?: number;
  /** Give up after so many milliseconds. Default 10 s. */
  within?: number;
}

export type HeaderFields = Iterable<readonly [string, string]>;

export interface HandshakeAcceptOptions {
  /** One of those that the client offered. */
  subprotocol?: string;
  /** Further fields of the answer. */
  headers?: HeaderFields;
  /** The origins whose pages may connect, as `https://example.org`. Default all. */
  origins?: readonly string[];
  /** Whether a request without an origin may. Default yes. */
  missingOrigin?: boolean;
  /** Whether to compress messages where the client can. Default no. */
  deflate?: boolean | DeflateWishes;
}

/** What a client asks for. */
export interface HandshakeRequest {
  /** Path and query. */
  target: string;
  authority: string;
  origin: string | undefined;
  subprotocols: string[];
  headers: [string, string][];
}

export type ServerProgress =
  | { state: 'more' }
  /** A valid request, to be accepted or refused. */
  | { state: 'request'; request: HandshakeRequest }
  /** Write the response, then end the stream. */
  | { state: 'refused'; status: number; cause: string; response: Buffer };

export type Answer =
  | { accepted: true; response: Buffer; negotiated: Negotiated }
  | { accepted: false; response: Buffer; status: number; cause: string };

/** Reads one HTTP/1.1 request. */
export class ServerHandshake {
  readonly #native: NativeServerHandshake;

  constructor(limits: HeadLimits = {}) {
    checkOptions('a handshake', limits, limitRules);
    this.#native = new native.ServerHandshake(limits);
  }

  /** Feeds bytes. Gives how many belong to the head: the rest is the connection's. */
  receive(bytes: Uint8Array): number {
    return this.#native.receive(bytesOf(bytes));
  }

  receiveEof(): void {
    this.#native.receiveEof();
  }

  handleTimeout(nowMs: number): void {
    this.#native.handleTimeout(nowMs);
  }

  get nextTimeout(): number | null {
    return finite(this.#native.nextTimeout());
  }

  get progress(): ServerProgress {
    const request = this.#native.request();
    if (request !== null) {
      const { target, authority, subprotocols, origin, fields } = request;
      return { state: 'request', request: { target, authority, subprotocols, origin, headers: pairs(fields) } };
    }
    const refusal = this.#native.refusal();
    if (refusal === null) return { state: 'more' };
    return { state: 'refused', status: refusal.status, cause: refusal.cause!, response: refusal.response };
  }

  /** Says yes, unless the origin may not connect. Write the response either way. */
  accept(options: HandshakeAcceptOptions = {}): Answer {
    checkOptions('accept', options, acceptRules);
    const headers = flat('headers', options.headers);
    const answer = told(() => {
      const policy = native.serverPolicy({ ...options, deflate: wishes(options.deflate) });
      return this.#native.accept(policy, options.subprotocol, headers);
    });
    const { agreed, response, status, cause } = answer;
    if (agreed === undefined) return { accepted: false, response, status, cause: cause! };
    return { accepted: true, response, negotiated: agreed };
  }

  /** The response of a server that says no for its own reasons. */
  refuse(status: number, headers: HeaderFields = [], body: string | Uint8Array = ''): Buffer {
    if (typeof status !== 'number') throw wrongValue('refuse', 'a status', status);
    if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
      throw new RangeError(`refuse takes a status from 200 to 599, not ${status}.`);
    }
    const content = typeof body === 'string' ? Buffer.from(body) : bytesOf(body);
    return told(() => native.refusalResponse(status, flat('headers', headers), content));
  }
}

export interface RequestOptions {
  subprotocols?: readonly string[];
  headers?: HeaderFields;
  /** Whether to offer to compress messages. Default no. */
  deflate?: boolean | DeflateWishes;
}

export type ClientProgress =
  | { state: 'more' }
  | { state: 'open'; negotiated: Negotiated; headers: [string, string][] }
  /** The server said no in plain HTTP. */
  | { state: 'refused'; status: number; headers: [string, string][]; body: Buffer }
  /** The answer cannot be relied on: end the stream. */
  | { state: 'failed'; reason: string };

/** Writes one HTTP/1.1 request, and reads the answer to it. */
export class ClientHandshake {
  readonly #native: NativeClientHandshake;

  /** @param url a `ws:` or `wss:` address */
  constructor(url: string, options: RequestOptions = {}, limits: HeadLimits = {}) {
    checkOptions('a request', options, requestRules);
    checkOptions('a handshake', limits, limitRules);
    const { subprotocols = [], headers = [], deflate = false } = options;
    const asked = { subprotocols: [...subprotocols], fields: flat('headers', headers), deflate: wishes(deflate) };
    this.#native = told(() => new native.ClientHandshake(`${url}`, asked, limits));
  }

  /** The request, to be written. */
  get request(): Buffer {
    return this.#native.request();
  }

  /** Feeds bytes. Gives how many belong to the answer: the rest is the connection's. */
  receive(bytes: Uint8Array): number {
    return this.#native.receive(bytesOf(bytes));
  }

  receiveEof(): void {
    this.#native.receiveEof();
  }

  handleTimeout(nowMs: number): void {
    this.#native.handleTimeout(nowMs);
  }

  get nextTimeout(): number | null {
    return finite(this.#native.nextTimeout());
  }

  get progress(): ClientProgress {
    const progress = this.#native.progress();
    if (progress === null) return { state: 'more' };
    const { agreed, status, fields, body, failure } = progress;
    if (failure !== undefined) return { state: 'failed', reason: failure };
    const headers = pairs(fields!);
    if (agreed !== undefined) return { state: 'open', negotiated: agreed, headers };
    return { state: 'refused', status: status!, headers, body: body! };
  }
}

/** The value of `Sec-WebSocket-Accept` that answers one of `Sec-WebSocket-Key`. */
export function acceptKey(key: string): string {
  if (typeof key !== 'string') throw wrongValue('acceptKey', 'a text', key);
  return native.acceptKey(key);
}

function finite(due: number): number | null {
  return due === Infinity ? null : due;
}

/** @internal */
export function flat(option: string, headers: HeaderFields = []): string[] {
  const pairs = [...headers];
  const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2 && texts.isType(pair);
  const odd = pairs.find((pair) => !isPair(pair));
  if (odd !== undefined) throw wrongValue(`Option "${option}"`, fields.what, odd);
  return pairs.flat() as string[];
}

function bytesOf(bytes: Uint8Array): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (!ArrayBuffer.isView(bytes)) throw wrongValue('A handshake', 'a Uint8Array', bytes);
  return Buffer.from((bytes as ArrayBufferView).buffer, (bytes as ArrayBufferView).byteOffset, (bytes as ArrayBufferView).byteLength);
}

/** What the core says of a value is the program's mistake, too. @internal */
export function told<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw (error as { code?: unknown }).code === 'InvalidArg' ? new TypeError((error as Error).message) : error;
  }
}

/** @internal */
export const originsRule: Rule = {
  what: 'a list of origins such as https://example.org',
  isType: (value) => texts.isType(value) && areOrigins(value as string[]),
};

function areOrigins(origins: string[]): boolean {
  try {
    native.serverPolicy({ origins });
    return true;
  } catch {
    return false;
  }
}

/** @internal */
export const deflateRule: Rule = booleanOr(
  object('an object of wishes', {
    serverNoContextTakeover: boolean,
    clientNoContextTakeover: boolean,
    serverMaxWindowBits: between(9, 15),
    clientMaxWindowBits: between(9, 15),
  }),
);

const limitRules: Rules = {
  maxHead: count('bytes', 1),
  maxLine: count('bytes', 1),
  maxFields: count('fields', 1),
  maxBody: count('bytes'),
  within: milliseconds,
};

/** @internal */
export const acceptRules: Rules = { subprotocol: text, headers: fields, origins: originsRule, missingOrigin: boolean, deflate: deflateRule };
/** @internal */
export const requestRules: Rules = { subprotocols: texts, headers: fields, deflate: deflateRule };

/** As the native side takes them. @internal */
export function wishes(deflate: boolean | DeflateWishes | undefined): DeflateWishes | undefined {
  return deflate === true ? {} : deflate || undefined;
}

/** @internal */
export function pairs(fields: string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) list.push([fields[i]!, fields[i + 1]!]);
  return list;
}

/** `Response`: the global one, that also knows status 101 with an end of a pair. */

import { setLength } from './body';
import { wrongConstructorArgument, wrongField } from './errors';
import type * as dom from './types';
import { endOf } from './websocket';

/** The global class with accessors for what its declaration has as fields. */
declare class GlobalResponse {
  static error(): GlobalResponse;
  static json(data: unknown, init?: dom.ResponseInit): GlobalResponse;
  static redirect(url: string | URL, status?: number): GlobalResponse;
  constructor(body: unknown, init: dom.ResponseInit);
  get status(): number;
  get ok(): boolean;
  get body(): object | null;
  clone(): GlobalResponse;
}

/** The global one. Where a test's environment has none, as jsdom, it is still there in Node's own global object. */
const Base = (globalThis.Response ?? Buffer.constructor('return globalThis.Response')()) as unknown as typeof GlobalResponse;

class SocketResponse extends Base {
  readonly #socket: dom.WebSocket | null;

  constructor(body?: unknown, init?: dom.ResponseInit | dom.Response | null) {
    if (init !== undefined && typeof init !== 'object' && typeof init !== 'function') {
      throw wrongConstructorArgument('Response', 2, 'InitializerDict or Response');
    }
    const socket = init?.webSocket ?? null;
    if (socket !== null && endOf(socket) === undefined) {
      throw wrongField('webSocket', 'InitializerDict', 'WebSocket');
    }
    const status = init?.status === undefined ? 200 : Math.trunc(Number(init.status));
    if (socket === null && !(status >= 200 && status <= 599)) {
      throw new RangeError(
        'Responses may only be constructed with status codes in the range 200 to 599, inclusive.',
      );
    }
    if (socket !== null && status !== 101) {
      throw new RangeError('Responses with a WebSocket must have status code 101.');
    }
    if (nullBodyStatuses.has(status) && body !== null && body !== undefined && body !== '') {
      throw new TypeError('Response with null body status (101, 204, 205, or 304) cannot have a body.');
    }
    super(nullBodyStatuses.has(status) ? null : body, without101(init, status));
    this.#socket = socket;
    if (body instanceof Blob) setLength(super.body!, body.size);
    if (socket !== null) Object.defineProperties(this, switched);
  }

  /** Makes a `Response` that came from elsewhere one of these. */
  static adopt(response: object): SocketResponse {
    return Object.setPrototypeOf(response, SocketResponse.prototype);
  }

  static override error(): SocketResponse {
    return SocketResponse.adopt(super.error());
  }
  static override json(data: unknown, init?: dom.ResponseInit): SocketResponse {
    return SocketResponse.adopt(super.json(data, init));
  }
  static override redirect(url: string | URL, status?: number): SocketResponse {
    return SocketResponse.adopt(super.redirect(url, status));
  }

  // Adopted ones lack the field.
  get webSocket(): dom.WebSocket | null {
    return #socket in this ? this.#socket : null;
  }

  override clone(): SocketResponse {
    if (this.webSocket !== null) throw new TypeError('Cannot clone a response to a WebSocket handshake.');
    return SocketResponse.adopt(super.clone());
  }
}

/** What one with a socket shows. As its own: in some test environments its class has fields of these names. */
const switched = { status: { value: 101, configurable: true }, ok: { value: false, configurable: true } };

/** The global class refuses status 101; what it is told instead is not seen. */
function without101(init: dom.ResponseInit | dom.Response | null | undefined, status: number): dom.ResponseInit {
  if (init === null || init === undefined) return {};
  const { headers, statusText } = init;
  return {
    status: status === 101 ? 200 : status,
    ...(headers === undefined ? {} : { headers }),
    ...(statusText === undefined ? {} : { statusText }),
  };
}

const nullBodyStatuses = new Set([101, 204, 205, 304]);

Object.defineProperty(SocketResponse, 'name', { value: 'Response' });
Object.defineProperty(SocketResponse, 'length', { value: 0 });
Object.defineProperty(SocketResponse.prototype, 'webSocket', { enumerable: true });

export const Response = SocketResponse as unknown as dom.ResponseConstructor;

export const adopt = SocketResponse.adopt as unknown as (response: globalThis.Response) => dom.Response;

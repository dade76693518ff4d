/** `WebSocketRequestResponsePair`: a message that is answered while the object sleeps on. */

import { toText } from './convert';
import { wrongConstructorArgument } from './errors';

export class WebSocketRequestResponsePair {
  readonly #request: string;
  readonly #response: string;

  constructor(request: string, response: string) {
    for (const position of [1, 2]) {
      if (arguments.length < position) throw wrongConstructorArgument('WebSocketRequestResponsePair', position, 'string');
    }
    this.#request = toText(request);
    this.#response = toText(response);
  }

  get request(): string {
    return this.#request;
  }

  get response(): string {
    return this.#response;
  }

  static is(value: unknown): value is WebSocketRequestResponsePair {
    return typeof value === 'object' && value !== null && #request in value;
  }
}

for (const name of ['request', 'response']) {
  Object.defineProperty(WebSocketRequestResponsePair.prototype, name, { enumerable: true });
}
Object.defineProperty(WebSocketRequestResponsePair.prototype, Symbol.toStringTag, { value: 'WebSocketRequestResponsePair', configurable: true });

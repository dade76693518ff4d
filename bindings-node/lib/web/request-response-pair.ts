/** `WebSocketRequestResponsePair`: a message that is answered while the object sleeps on. */

import { Compat } from './compat';
import { toText } from './convert';
import { wrongConstructorArgument } from './errors';
import { expose } from './expose';

const Implementation = class WebSocketRequestResponsePair {
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

  static is(value: unknown): boolean {
    return typeof value === 'object' && value !== null && #request in value;
  }
};

export interface WebSocketRequestResponsePair {
  readonly request: string;
  readonly response: string;
}

export const WebSocketRequestResponsePair = expose<new (request: string, response: string) => WebSocketRequestResponsePair>(
  Implementation,
  Compat.newest(),
  ['request', 'response'],
);

export function isRequestResponsePair(value: unknown): value is WebSocketRequestResponsePair {
  return Implementation.is(value);
}

/** What an object gets as `ctx`. */

import { notProvided } from '../cloudflare/missing';
import { objectStates } from '../cloudflare/workers';
import { native, Phase } from '../engine/native';
import { toText } from '../web/convert';
import type { End } from '../web/end';
import { illegalInvocation, wrongArgument } from '../web/errors';
import { conceal } from '../web/expose';
import { isRequestResponsePair, type WebSocketRequestResponsePair } from '../web/request-response-pair';
import type { WebSocket } from '../web/types';
import { endOf } from '../web/websocket';
import type { DurableObjectId } from './id';
import type { Life } from './life';
import { ObjectSocket } from './sockets';
import type { DurableObjectStorage } from './storage';

export class DurableObjectState {
  readonly #life: Life;
  readonly facets: object = facets;
  readonly container = undefined;
  readonly storage: DurableObjectStorage;
  readonly id: DurableObjectId;
  readonly props: object = {};
  readonly exports: object | undefined;

  constructor(life: Life, storage: DurableObjectStorage) {
    this.#life = life;
    this.storage = storage;
    this.id = life.actor.id;
    this.exports = life.actor.kind.host.exports;
    objectStates.add(this);
  }

  static #of(state: unknown): Life {
    if (typeof state !== 'object' || state === null || !(#life in state)) throw illegalInvocation();
    return (state as DurableObjectState).#life;
  }

  waitUntil(promise: Promise<unknown>): void {
    const life = DurableObjectState.#of(this);
    if (arguments.length === 0) throw wrongArgument('waitUntil', OWNER, 1, 'Promise');
    life.waitUntil(promise);
  }

  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T> {
    const life = DurableObjectState.#of(this);
    if (typeof callback !== 'function') throw wrongArgument('blockConcurrencyWhile', OWNER, 1, 'function');
    return life.blockConcurrencyWhile(callback);
  }

  acceptWebSocket(webSocket: WebSocket, tags?: string[]): void {
    const life = DurableObjectState.#of(this);
    const end = endArgument('acceptWebSocket', webSocket);
    if (tags !== undefined && !Array.isArray(tags)) throw wrongArgument('acceptWebSocket', OWNER, 2, 'Array');
    life.actor.sockets.accept(end, distinct(tags ?? []), life);
  }

  getWebSockets(tag?: string): WebSocket[] {
    const life = DurableObjectState.#of(this);
    return life.actor.sockets.list(tag === undefined ? undefined : toText(tag), life);
  }

  setWebSocketAutoResponse(pair?: WebSocketRequestResponsePair): void {
    const life = DurableObjectState.#of(this);
    const { sockets } = life.actor;
    if (pair === undefined) return void (sockets.autoResponse = null);
    if (!isRequestResponsePair(pair)) throw wrongArgument('setWebSocketAutoResponse', OWNER, 1, 'WebSocketRequestResponsePair');
    for (const what of ['request', 'response'] as const) {
      const size = Buffer.byteLength(pair[what]);
      if (size <= LONGEST_TEXT) continue;
      const name = what.replace('r', 'R');
      throw new RangeError(`${name} cannot be larger than ${LONGEST_TEXT} bytes. A ${what} of size ${size} was provided.`);
    }
    sockets.autoResponse = pair;
  }

  getWebSocketAutoResponse(): WebSocketRequestResponsePair | null {
    const life = DurableObjectState.#of(this);
    return life.actor.sockets.autoResponse;
  }

  getWebSocketAutoResponseTimestamp(webSocket: WebSocket): Date | null {
    DurableObjectState.#of(this);
    const at = ObjectSocket.of(endArgument('getWebSocketAutoResponseTimestamp', webSocket))?.answeredAt ?? null;
    return at === null ? null : new Date(at);
  }

  setHibernatableWebSocketEventTimeout(timeout?: number): void {
    const life = DurableObjectState.#of(this);
    const ms = timeout === undefined ? 0 : Number(timeout);
    if (!Number.isFinite(ms)) throw new TypeError('The value cannot be converted because it is not an integer.');
    if (ms < 0) throw new TypeError('The value cannot be converted because it is negative and this API expects a positive number.');
    if (ms > LONGEST_TIMEOUT) throw new Error(`Event timeout should not exceed ${LONGEST_TIMEOUT} ms.`);
    life.actor.sockets.eventTimeout = Math.trunc(ms) || null;
  }

  getHibernatableWebSocketEventTimeout(): number | null {
    const life = DurableObjectState.#of(this);
    return life.actor.sockets.eventTimeout;
  }

  getTags(webSocket: WebSocket): string[] {
    DurableObjectState.#of(this);
    const end = endArgument('getTags', webSocket);
    const socket = ObjectSocket.of(end);
    if (socket !== undefined) return [...socket.tags];
    if (native.pairPhase(end.side.handle) === Phase.Accepted) throw new Error('only hibernatable websockets can have tags.');
    throw new Error("you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket.");
  }

  abort(reason?: string): never {
    const life = DurableObjectState.#of(this);
    const text = reason === undefined ? 'Application called abort() to reset Durable Object.' : toText(reason);
    life.reset(new Error(text));
    throw life.failure ?? new Error(text);
  }
}

const OWNER = 'DurableObjectState';

conceal(DurableObjectState, OWNER);

function endArgument(method: string, value: unknown): End {
  const end = endOf(value);
  if (end === undefined) throw wrongArgument(method, OWNER, 1, 'WebSocket');
  return end;
}

function distinct(given: readonly unknown[]): string[] {
  const tags = new Set<string>();
  for (const value of given) {
    // Also where it is one of them already.
    if (tags.size >= MOST_TAGS) throw new Error(`a Hibernatable WebSocket cannot have more than ${MOST_TAGS} tags`);
    const tag = toText(value);
    if (Buffer.byteLength(tag) > LONGEST_TAG) throw new Error(`"${tag}" is longer than the max tag length (${LONGEST_TAG} characters).`);
    tags.add(tag);
  }
  return [...tags];
}

const unprovided = () => {
  throw notProvided('ctx.facets');
};
const facets = { get: unprovided, abort: unprovided, delete: unprovided };

const MOST_TAGS = 10;
const LONGEST_TAG = 256;
const LONGEST_TEXT = 2_048;
const LONGEST_TIMEOUT = 604_800_000;

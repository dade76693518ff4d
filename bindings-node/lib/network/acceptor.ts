/**
 * Has a Worker's `fetch` answer what node:http and node:http2 hear, puts the ends that it returns on sockets and
 * streams, and ends what it accepted.
 */

import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { report } from '../basics/report';
import { clock, nextTick } from '../basics/timers';
import { surround, surrounded } from '../cloudflare/surroundings';
import type { ConnectionOptions } from '../engine/connection';
import { told, wishes } from '../engine/handshake';
import { type Answer, native } from '../engine/native';
import type { DeflateWishes } from '../engine/network-types';
import { takeEnd } from '../web/ends';
import { keepResponse } from '../web/globals';
import type * as dom from '../web/types';
import type { Wire } from '../web/wire';
import { AcceptedSocket } from './accepted';
import { answersBefore, type Asked, judgeUpgrade, respond, Upgrade } from './answer';
import { observe } from './channels';
import { Contexts } from './context';
import { Coupler } from './coupling';
import { asksForWebSocket, isResponse, type Message, type Outgoing, send, sendRefusal, sendText, toRequest } from './exchange';
import { Held } from './held';
import { Connect } from './http2/connect';
import type { Carrier, Stream } from './link';
import { readAnew } from './ordinary';
import { endSoon } from './sockets';

/** A Worker's handler. Loosely typed, so that those of any declaration of the classes fit. */
export type Handler<Env = any> = (request: any, env: Env, ctx: any) => any;

export interface UpgradeOptions<Env = any> {
  /** The origins whose pages may connect, as `https://example.org`. Default all. */
  origins?: readonly string[];
  /** Whether a client that names no origin may connect. Default yes. */
  missingOrigin?: boolean;
  /** What connections may hold, and when they ping. Messages: 32 MiB unless set. */
  limits?: Omit<ConnectionOptions, 'autoClose' | 'chunks'>;
  /** Whether messages are compressed where the client can. Default yes. */
  deflate?: boolean | DeflateWishes;
  /** What the handler gets as its second argument. Default an empty object. */
  env?: Env;
}

export class Acceptor {
  readonly links = new Set<AcceptedSocket>();
  readonly contexts: Contexts;
  /** All that it answers for, until they are closed. */
  private readonly sockets = new Set<Carrier>();
  /** How many requests a socket has that are not answered; one that was upgraded has one for good. */
  private readonly pending = new Map<Carrier, number>();
  private readonly coupler: Coupler;
  private readonly policy: object;
  private readonly env: unknown;
  private closing = false;

  /** @param exports what the Worker's module exports, as others call it */
  constructor({ origins, missingOrigin, limits, deflate = true, env }: UpgradeOptions = {}, private readonly exports?: object) {
    this.contexts = new Contexts(exports);
    this.coupler = new Coupler(limits);
    const policy = {
      ...(origins && { origins: [...origins] }),
      ...(missingOrigin !== undefined && { missingOrigin }),
      deflate: wishes(deflate),
    };
    this.policy = told(() => native.serverPolicy(policy));
    this.env = env ?? {};
    // Listeners and timers are not within a request: they see the bindings that were given last.
    if (env !== undefined) surround({ env, waitUntil: this.contexts.waitUntil, ...(exports && { exports }) });
  }

  /** Has it end the socket when it closes. */
  add(socket: Carrier): void {
    if (this.sockets.has(socket)) return;
    this.sockets.add(socket);
    // Both what the peer does and what it means are told by the close.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.pending.delete(socket);
    });
  }

  /** For the `request` event: there is nothing to upgrade. */
  async request(message: Message, to: Outgoing, handler: Handler, socket = message.socket as unknown as Carrier): Promise<void> {
    const gone = new AbortController();
    this.add(socket);
    this.begin(socket);
    observe(message, to);
    to.on('close', () => {
      if (!to.writableFinished) gone.abort();
      this.done(socket);
    });
    await respond(to, gone.signal, async () => {
      const { response, webSocket } = await this.ask(handler, message, gone.signal);
      if (this.closing) to.shouldKeepAlive = false;
      if (webSocket) sendRefusal(to, this.refusalOf(message, webSocket));
      else await send(response, to, message.method);
    });
  }

  /** For the `upgrade` event. */
  async upgrade(message: IncomingMessage, socket: Stream, head: Buffer, handler: Handler): Promise<void> {
    const began = clock();
    // Else the end of the client's direction would end ours.
    socket.allowHalfOpen = true;
    await answersBefore(socket);
    if (!socket.writable) return void socket.destroy();
    const server = serverOf(socket);
    const asks = asksForWebSocket(message);
    if (!asks && server !== undefined && server.listenerCount('request') > 0) {
      return readAnew(message, socket, head, {
        request: (...heard) => server.emit('request', ...heard),
        upgrade: (...heard) => server.emit('upgrade', ...heard),
      });
    }
    this.add(socket);
    if (!asks || message.method !== 'GET') {
      return readAnew(message, socket, head, {
        request: (...heard) => this.request(...heard, handler),
        upgrade: (...heard) => this.upgrade(...heard, handler),
      });
    }
    this.begin(socket);
    const asked = new Upgrade(message, socket, began);
    const refusal = native.originRefusal(this.policy, message.headers.origin);
    if (refusal) return asked.answer((to) => sendRefusal(to, refusal));
    await this.open(asked, head, handler);
  }

  /** For the `stream` event of node:http2, where it is an extended CONNECT. */
  async stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, handler: Handler): Promise<void> {
    const asked = new Connect(stream, headers);
    this.add(asked.socket);
    this.begin(asked.socket);
    // Who serves anything else beside may have answered it, as node:http2 does by itself.
    await nextTurn();
    if (stream.headersSent) return report(new Error(ANSWERED));
    const judged = asked.judge(this.policy);
    if (judged.agreed === undefined) return asked.refuse(judged);
    await this.open(asked, NOTHING, handler);
  }

  /** Tells all clients that it goes away, and opens no more connections. */
  beginClosing(): void {
    this.closing = true;
    for (const link of this.links) link.close();
    for (const socket of this.sockets) if (!this.pending.has(socket)) socket.destroy();
  }

  /** Resolves once all its sockets are closed. */
  async closed(): Promise<void> {
    while (this.sockets.size > 0) {
      await Promise.all([...this.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    }
  }

  /** Drops what is left. */
  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async open(asked: Asked, head: Buffer, handler: Handler): Promise<void> {
    const { message, socket } = asked;
    const held = new Held(socket, head);
    const { signal } = held;
    let answered: Answered;
    try {
      answered = await this.ask(handler, message, signal);
    } catch (error) {
      held.release();
      return asked.answer(() => Promise.reject(error), signal);
    }
    const { early, ended } = held.release();
    const { response, webSocket } = answered;
    if (!webSocket) return asked.answer((to) => send(response, to, message.method), signal);
    // Nobody is there to be told yes, or is going to be.
    if (signal.aborted || this.closing) {
      lose(webSocket);
      return signal.aborted ? asked.leave() : asked.answer((to) => sendText(to, 503, 'Service Unavailable'));
    }
    let judged: Answer;
    try {
      judged = asked.judge(this.policy, [...response.headers].flat());
    } catch (error) {
      lose(webSocket);
      return asked.answer(() => Promise.reject(error));
    }
    const { agreed } = judged;
    if (agreed === undefined) {
      lose(webSocket);
      return asked.answer((to) => sendRefusal(to, judged));
    }
    asked.accept(judged);
    const wire = take(webSocket);
    // As in the runtime the client is told yes all the same, and then dropped.
    if (wire === undefined) return endSoon(socket);
    // Before the link, which may have a reason to stop it.
    socket.resume();
    const accepted = new AcceptedSocket(this.coupler.couple(false, socket, early, agreed, wire, ended), message);
    this.links.add(accepted);
    accepted.onclose = () => this.links.delete(accepted);
  }

  private async ask(handler: Handler, message: Message, signal: AbortSignal): Promise<Answered> {
    const request = toRequest(message, signal);
    keepResponse();
    const { env, exports } = this;
    const ctx = this.contexts.next();
    const response: unknown = await surrounded({ env, waitUntil: this.contexts.waitUntil, event: undefined, place: undefined, asking: undefined, ...(exports && { exports }) }, () => handler(request, env, ctx));
    // That of another library may fail to show what it has, and here that is the Worker's failure.
    if (isResponse(response)) return { response, webSocket: (response as Partial<dom.Response>).webSocket ?? null };
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  }

  /** What a client is told that cannot have the end which the Worker returned. Throws where it did not ask for one. */
  private refusalOf(message: Message, end: dom.WebSocket): Answer {
    lose(end);
    const judged = asksForWebSocket(message) ? judgeUpgrade(message, this.policy) : undefined;
    if (judged !== undefined && judged.agreed === undefined) return judged;
    throw new TypeError(
      'Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket".',
    );
  }

  private begin(socket: Carrier): void {
    this.pending.set(socket, (this.pending.get(socket) ?? 0) + 1);
  }

  private done(socket: Carrier): void {
    const left = (this.pending.get(socket) ?? 1) - 1;
    if (left > 0) return void this.pending.set(socket, left);
    this.pending.delete(socket);
    if (this.closing) socket.destroy();
  }
}

/** Once all that hear an event have heard it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}

const NOTHING = Buffer.alloc(0);

const ANSWERED =
  'The stream was answered already. A server with a listener for "request" answers each CONNECT with 405, ' +
  'unless it has one for "connect", too: server.on("connect", () => {}).';

/** What a Worker gave. */
interface Answered {
  response: Response;
  webSocket: dom.WebSocket | null;
}

function serverOf(socket: Stream & { server?: unknown }): EventEmitter | undefined {
  return socket.server instanceof EventEmitter ? socket.server : undefined;
}

function take(end: dom.WebSocket): Wire | undefined {
  try {
    return takeEnd(end);
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** To whoever has the other end the client is one that left. */
function lose(end: dom.WebSocket): void {
  take(end)?.lost();
}

/** Requests for a WebSocket, however they came, and the answers to them. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { report } from '../basics/report';
import { type Answer, native } from '../engine/native';
import { observe, tellOfRequest } from './channels';
import { type Message, type Outgoing, sendText, Unanswerable } from './exchange';
import type { Carrier, Stream } from './link';
import { endSoon } from './sockets';

/** A request for a WebSocket, and what it came on, which is the connection's if the answer is yes. */
export interface Asked {
  /** As a Worker is to see it. */
  readonly message: Message;
  readonly socket: Carrier;
  /**
   * What the core says to it.
   *
   * @param extra the fields of a Worker's response
   */
  judge(policy: object, extra?: string[]): Answer;
  /** Says yes, with such an answer. */
  accept(answer: Answer): void;
  /** Answers with anything else, and ends. */
  answer(how: (to: Outgoing) => unknown, signal?: AbortSignal): Promise<void>;
  /** Ends what its client has left. */
  leave(): void;
}

/** One by an upgrade of HTTP/1.1, whose socket node:http gave away. */
export class Upgrade implements Asked {
  constructor(
    readonly message: IncomingMessage,
    readonly socket: Stream,
    /** When it came, by `clock`. */
    private readonly began: number,
  ) {}

  judge(policy: object, extra: string[] = []): Answer {
    return judgeUpgrade(this.message, policy, extra);
  }

  accept({ status, response }: Answer): void {
    this.socket.write(response);
    tellOfRequest(this.message, status, this.began);
  }

  answer(how: (to: Outgoing) => unknown, signal?: AbortSignal): Promise<void> {
    const { message, socket, began } = this;
    const to = new ServerResponse(message);
    observe(message, to, began);
    to.shouldKeepAlive = false;
    to.assignSocket(socket as Socket);
    // Then nothing of it is read any more that is to be sent.
    if (socket.destroyed) to.destroy().emit('close');
    const drained = () => to.emit('drain');
    socket.on('drain', drained);
    to.on('finish', () => {
      to.detachSocket(socket as Socket);
      socket.off('drain', drained);
      endSoon(socket);
    });
    // What still comes is nobody's, but its end is to be heard of.
    socket.resume();
    return respond(to, signal, how);
  }

  leave(): void {
    tellOfRequest(this.message, undefined, this.began);
    endSoon(this.socket);
  }
}

export function judgeUpgrade({ method = '', url = '', httpVersion, rawHeaders }: Message, policy: object, extra: string[] = []): Answer {
  return native.upgradeAnswer({ method, target: url, version: httpVersion }, rawHeaders, policy, extra);
}

/** Waits for the answers to requests before this one, which node:http does not. */
export async function answersBefore(socket: Stream & { _httpMessage?: ServerResponse | null }): Promise<void> {
  for (let before; socket.writable && (before = socket._httpMessage); ) {
    await new Promise((resolve) => before!.once('close', resolve));
  }
}

/** @param signal aborted when the client is gone */
export async function respond<To extends Outgoing>(to: To, signal: AbortSignal | undefined, how: (to: To) => unknown): Promise<void> {
  try {
    await how(to);
  } catch (error) {
    if (error instanceof Unanswerable) return sendText(to, error.status, error.message);
    if (!signal?.aborted || !isOfClient(error, signal)) report(error);
    if (to.headersSent) to.destroy();
    else sendText(to, 500, 'Internal Server Error');
  }
}

/** Whether it only says that the client is gone, which is nobody's fault. */
function isOfClient(error: unknown, signal: AbortSignal): boolean {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown };
  if (error === signal.reason || name === 'AbortError' || code === 'ECONNRESET') return true;
  return cause !== undefined && isOfClient(cause, signal);
}

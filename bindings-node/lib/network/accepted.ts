/** What a program sees of a WebSocket that it accepted, beside the end that its Worker holds. */

import { check } from '../engine/connection';
import { Sent } from '../engine/engine';
import { Prepared } from '../engine/prepared';
import { tellOfClosing } from './channels';
import type { Message } from './exchange';
import type { Link } from './link';

export class AcceptedSocket {
  readonly #link: Link;
  /** Path and query that were asked for. */
  readonly url: string;
  /** The client's address. */
  readonly remoteAddress: string | undefined;
  /** Called when it is gone. @internal */
  onclose: () => void = () => {};

  /** @internal */
  constructor(link: Link, { url = '', socket }: Message) {
    this.#link = link;
    this.url = url;
    this.remoteAddress = socket.remoteAddress;
    link.onclose = ({ code, reason, wasClean }) => {
      this.onclose();
      tellOfClosing({ url, code, reason, wasClean, remoteAddress: this.remoteAddress });
    };
  }

  /** Bytes that wait to be written. */
  get bufferedAmount(): number {
    return this.#link.bufferedAmount;
  }

  /**
   * Sends a message of the program's own, behind what the Worker's end has sent until now. Throws a
   * `SendError` where nothing can be sent: the connection is closing, or its output is full.
   */
  send(data: string | ArrayBufferLike | ArrayBufferView | Prepared): void {
    check(this.#link.send(prepared(data)));
  }

  /** @internal */
  offer(message: Prepared): boolean {
    return this.#link.send(message) !== Sent.Backpressure;
  }

  /**
   * Starts the closing handshake, behind what waits, unless it has begun. Default code 1001. Throws
   * a `SendError` for a code or reason that may not be sent.
   */
  close(code = 1001, reason = ''): void {
    const sent = this.#link.close(code, reason);
    if (sent !== Sent.Closing) check(sent);
  }

  /** Drops it at once: the Worker's end sees 1006. */
  terminate(): void {
    this.#link.destroy();
  }
}

/**
 * Sends one message on many connections, framed and compressed once. Gives those that did not take
 * it because their output is full, as their peers do not read; those that are closing are passed by.
 */
export function broadcast(
  sockets: Iterable<AcceptedSocket>,
  data: string | ArrayBufferLike | ArrayBufferView | Prepared,
): AcceptedSocket[] {
  const message = prepared(data);
  return Array.from(sockets).filter((socket) => !socket.offer(message));
}

function prepared(data: string | ArrayBufferLike | ArrayBufferView | Prepared): Prepared {
  return data instanceof Prepared ? data : new Prepared(data);
}

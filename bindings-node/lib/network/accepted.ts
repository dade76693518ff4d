/** What a program sees of a WebSocket that it accepted, beside the end that its Worker holds. */

import type { IncomingMessage } from 'node:http';
import { check } from '../engine/connection';
import { Sent } from '../engine/engine';
import { tellOfClosing } from './channels';
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
  constructor(link: Link, { url = '', socket }: IncomingMessage) {
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

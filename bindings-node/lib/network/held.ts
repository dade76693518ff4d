/** A socket between the head of a request and its answer: nobody reads it yet, and much may happen. */

import { clearTimeout, setTimeout } from '../basics/timers';
import type { Carrier } from './link';
import { GRACE } from './sockets';

export class Held {
  private readonly early: Buffer[];
  private size: number;
  private ended = false;
  private readonly gone = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  /** @param head what came behind the head */
  constructor(
    private readonly socket: Carrier,
    head: Buffer,
  ) {
    this.early = [head];
    this.size = head.length;
    socket.on('data', this.keep);
    socket.on('end', this.end);
    socket.on('close', this.leave);
    // Who does not read does not hear of the end.
    socket.resume();
    if (socket.destroyed) this.leave();
  }

  /** Aborted when the client is gone, or will never say anything. */
  get signal(): AbortSignal {
    return this.gone.signal;
  }

  /** Leaves the socket to the caller, who reads on at once: what came, and whether it ended behind that. */
  release(): { early: Buffer; ended: boolean } {
    clearTimeout(this.timer);
    this.socket.off('data', this.keep).off('end', this.end).off('close', this.leave);
    const { early, ended } = this;
    return { early: early.length === 1 ? early[0]! : Buffer.concat(early), ended };
  }

  private readonly keep = (bytes: Buffer): void => {
    this.early.push(bytes);
    this.size += bytes.length;
    if (this.size >= MOST) this.socket.pause();
  };

  private readonly end = (): void => {
    this.ended = true;
    // A client that has said something still wants a connection; one that will not even close has left.
    if (this.size > 0) return;
    this.leave();
    this.timer = setTimeout(() => this.socket.destroy(), GRACE).unref();
  };

  private readonly leave = (): void => this.gone.abort();
}

/** From here on the client has to wait. */
const MOST = 64 << 10;

/** How sockets end, and what is seen of what they hold. */

import { clearTimeout, setTimeout } from '../basics/timers';
import { native } from '../engine/native';
import type { Carrier } from './link';

/**
 * How long a peer may take to end its side once all is said, and a socket to write what it has without any of it
 * moving.
 */
export const GRACE = 2_000;

/**
 * Ends the write side, and drops the socket when the peer has ended its own, or in any case soon. What still comes is
 * not kept.
 */
export function endSoon(socket: Carrier): void {
  socket.end();
  socket.resume();
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  else socket.once('end', () => socket.destroySoon?.());
  dropSoon(socket);
}

/** Drops the socket if it does not close by itself; not while there is more to take, and the peer takes it. */
export function dropSoon(socket: Carrier): void {
  const output = new Output(socket);
  let before = output.unsent;
  const look = () => {
    const now = output.unsent;
    if (now === 0 || now >= before) return void socket.destroy();
    before = now;
    timer.refresh();
  };
  const timer = setTimeout(look, GRACE).unref();
  socket.once('close', () => clearTimeout(timer));
}

/**
 * What was written to a socket and the peer has yet to take: Node holds it, then libuv, then the system, each of them
 * megabytes.
 */
export class Output {
  /** How many bytes more the socket below has written, as TLS adds its own. */
  private added = 0;

  constructor(private readonly socket: Carrier & { bytesWritten?: number; _handle?: Handle | null }) {}

  /** In bytes, as far as it is known. */
  get unsent(): number {
    const { bytesWritten, writableLength, _handle } = this.socket;
    const below = _handle?._parent ?? _handle;
    if (bytesWritten === undefined || below?.bytesWritten === undefined) return writableLength;
    const inSystem = (below.writeQueueSize ?? 0) + Math.max(native.socketUnsent(below.fd ?? -1), 0);
    const sent = below.bytesWritten - inSystem;
    if (writableLength === 0 && inSystem === 0) this.added = sent - bytesWritten;
    return Math.max(bytesWritten + this.added - sent, 0);
  }

  /** Without what the peer's system takes whether its program reads or not. */
  get held(): number {
    const { unsent } = this;
    return unsent < FEW ? 0 : unsent;
  }
}

/**
 * What libuv tells of a socket; of one under TLS, the one below. Node documents none of it, so nothing else may depend
 * on it.
 */
interface Handle {
  fd?: number;
  /** What it was given, and what of that the system has not taken. */
  bytesWritten?: number;
  writeQueueSize?: number;
  _parent?: Handle;
}

const FEW = 16 << 10;

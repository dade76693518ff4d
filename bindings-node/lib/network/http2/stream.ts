/** A stream of HTTP/2 as what carries a connection: its DATA frames, one behind the other (RFC 8441 5). */

import { constants, type Http2Stream } from 'node:http2';
import { addAbortSignal } from 'node:stream';
import type { Carrier } from '../link';

/** The end of a direction is END_STREAM where a socket has FIN, and a reset is one of the stream. */
export class StreamCarrier implements Carrier {
  /** That of a stream is always so. */
  allowHalfOpen = true;

  constructor(readonly stream: Http2Stream) {
    // What it means is told by the close that follows.
    stream.on('error', () => {});
  }

  on(event: string, listener: (...heard: any[]) => void): this {
    this.stream.on(event, listener);
    return this;
  }
  once(event: string, listener: (...heard: any[]) => void): this {
    this.stream.once(event, listener);
    return this;
  }
  off(event: string, listener: (...heard: any[]) => void): this {
    this.stream.off(event, listener);
    return this;
  }

  get writable(): boolean {
    return this.stream.writable;
  }
  get destroyed(): boolean {
    return this.stream.destroyed;
  }
  get readableEnded(): boolean {
    return this.stream.readableEnded;
  }
  /** What the peer's windows have no room for is among it. */
  get writableLength(): number {
    return this.stream.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    return this.stream.write(bytes);
  }
  cork(): void {
    this.stream.cork();
  }
  uncork(): void {
    this.stream.uncork();
  }
  end(): void {
    this.stream.end();
  }

  /**
   * Holds the peer up by the stream's window; that of the session is Node's to give back, so that nobody else waits.
   */
  pause(): void {
    this.stream.pause();
  }
  resume(): void {
    this.stream.resume();
  }
  isPaused(): boolean {
    return this.stream.isPaused();
  }

  /** Ends the stream; it is gone when the peer has ended its direction, too. */
  destroySoon(): void {
    this.stream.end();
  }

  /** Gives the stream up: without an error if all was said and only the peer has yet to end its direction. */
  destroy(): void {
    const { stream } = this;
    if (!stream.writableFinished) return this.cancel();
    if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    // Else it would wait for somebody to read what came.
    stream.destroy();
  }

  /** Resets the stream with CANCEL, behind what was handed to the session and the peer's windows have room for. */
  cancel(): void {
    const { stream } = this;
    if (stream.closed) return void stream.destroy();
    // By `close` the peer would see END_STREAM before the reset: an end like another.
    addAbortSignal(AbortSignal.abort(), stream);
  }
}

/** A connection on a socket, under an end of a pair. */

import type { Duplex } from 'node:stream';
import { busy } from '../basics/tasks';
import { clearTimeout, clock, nextTick, setImmediate, setTimeout } from '../basics/timers';
import { Cause, Compression, Engine, Sent, type Sink, Transport } from '../engine/engine';
import { native } from '../engine/native';
import type { Prepared } from '../engine/prepared';
import { ruleOf } from '../engine/rules';
import { protocolFault } from '../web/errors';
import type { Wire } from '../web/wire';
import { dropSoon, Output } from './sockets';

/** The socket of a server or a client, with what only a net.Socket has. */
export type Stream = Duplex & OfSocket;

interface OfSocket {
  destroySoon?(): void;
  setNoDelay?(on: boolean): void;
  setTimeout?(ms: number): void;
}

/** What carries a connection: such a socket, or a stream of HTTP/2. */
export interface Carrier extends OfSocket {
  allowHalfOpen: boolean;
  readonly writable: boolean;
  readonly writableLength: number;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
  on(event: string, listener: (...heard: any[]) => void): unknown;
  once(event: string, listener: (...heard: any[]) => void): unknown;
  off(event: string, listener: (...heard: any[]) => void): Carrier;
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
  isPaused(): boolean;
  destroy(): unknown;
  /** Where giving up is told apart from an end: drops it so, behind what can still be written. */
  cancel?(): void;
}

/** How a connection ended. */
export interface Ending {
  code: number;
  reason: string;
  wasClean: boolean;
}

/**
 * How far the socket has come, which only goes forward:
 *
 * - `open`: both directions.
 * - `finishing`: ours is ended; what comes is still read.
 * - `dropping`: it goes once it has written what it holds, or at once.
 * - `gone`: it is closed, and the connection is freed.
 */
type Stage = 'open' | 'finishing' | 'dropping' | 'gone';

/** What the end behind is not told yet, so that it can answer what came before. */
type Untold =
  /** What the peer did wrong. */
  | { kind: 'fault'; error: Error }
  /** The peer ended its direction without a Close frame. It is told after a while in any case. */
  | { kind: 'cut'; timer: NodeJS.Timeout };

export class Link implements Sink {
  /** Called when the socket is gone. */
  onclose: (how: Ending) => void = () => {};
  private ending: Ending = { code: 1006, reason: '', wasClean: false };
  /** Why the connection ended, once it did. */
  private cause: Cause | undefined;
  private stage: Stage = 'open';
  private untold: Untold | undefined;
  /** The socket takes no more for now. */
  private blocked = false;
  private scheduled = false;
  /** What came last brought messages, not only control frames. */
  private hasMessages = false;
  private timer: NodeJS.Timeout | undefined;
  private timerDue = Infinity;
  private output: Output | undefined;
  /**
   * @param isClient whether the peer is to end the stream
   * @param early what came behind the handshake
   * @param ended whether the peer has ended its direction behind that
   */
  constructor(
    private readonly socket: Carrier,
    private readonly engine: Engine,
    private readonly wire: Wire,
    private readonly isClient: boolean,
    private readonly maxMessage: number,
    early: Buffer,
    ended: boolean,
  ) {
    // Else the end of the peer's direction would end ours.
    socket.allowHalfOpen = true;
    socket.setNoDelay?.(true);
    socket.setTimeout?.(0);
    wire.onoutgoing = () => this.schedule();
    wire.ondrained = () => {
      this.unstop();
      if (this.untold !== undefined) this.schedule();
    };
    socket.on('data', (bytes: Buffer) => this.received(bytes));
    socket.on('drain', () => {
      this.blocked = false;
      this.turn();
      this.unstop();
    });
    socket.on('end', () => this.eof());
    // What it means is told by the close that follows.
    socket.on('error', () => {});
    socket.on('close', () => this.gone());
    if (early.length > 0) this.received(early);
    if (ended || socket.readableEnded) this.eof();
    if (socket.destroyed) nextTick(() => this.gone());
    else this.schedule();
  }

  /** Starts the closing handshake from this side, behind what waits. */
  close(code: number, reason = ''): Sent {
    if (this.isGone) return Sent.Closing;
    this.turn();
    const sent = native.connClose(this.engine.handle, code, reason);
    this.turn();
    return sent;
  }

  /** Sends a message of the program's own, behind what the end behind has sent until now. */
  send(message: Prepared): Sent {
    if (this.isGone) return Sent.Closing;
    this.fill();
    const sent = native.connSendPrepared(this.engine.handle, message.native, Compression.Auto);
    this.schedule();
    return sent;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Bytes that wait to be written. */
  get bufferedAmount(): number {
    return (this.isGone ? 0 : this.engine.buffered) + this.socket.writableLength;
  }

  text(data: string, size: number): void {
    this.hasMessages = true;
    this.wire.deliver(data, size);
  }

  binary(data: Buffer, owned: boolean): void {
    this.hasMessages = true;
    const { buffer, byteOffset, length } = data;
    const own = owned ? buffer : buffer.slice(byteOffset, byteOffset + length);
    this.wire.deliver(own as ArrayBuffer, length);
  }

  closeFrame(code: number | undefined, reason: string): void {
    this.wire.deliverClose(code, reason);
  }

  closed(code: number, reason: string, clean: boolean, cause: Cause): void {
    this.ending = { code, reason, wasClean: clean };
    this.cause = cause;
    if (cause === Cause.Peer) this.failed();
    else if (cause === Cause.Transport) this.untold = { kind: 'cut', timer: setTimeout(() => this.tellCut(), PATIENCE).unref() };
    else if (cause === Cause.PongTimeout) this.wire.lost('WebSocket disconnected: no answer to a ping.');
    else if (cause !== Cause.Handshake) this.wire.lost();
    // A server ends the stream first, which this one may not do.
    else if (this.isClient) dropSoon(this.socket);
    // Whatever still comes is read, so that the end of the stream is seen.
    this.socket.resume();
  }

  private failed(): void {
    const { handle } = this.engine;
    const { code, text, rule, length } = native.connFault(handle)!;
    const description = length === undefined ? text : `Message is too large: ${length} > ${this.maxMessage}`;
    native.connExplain(handle, description);
    const error = protocolFault(code, description, {
      code: ruleOf(rule),
      ...(length !== undefined && { length, limit: this.maxMessage }),
    });
    this.untold = { kind: 'fault', error };
  }

  private received(bytes: Buffer): void {
    if (this.isGone) return;
    this.hasMessages = false;
    this.engine.feed(bytes, this);
    this.turn();
    if (this.isGone || !this.isBehind || this.engine.readyState === 3) return;
    this.socket.pause();
    native.connHoldInput(this.engine.handle, 1);
  }

  private get isGone(): boolean {
    return this.stage === 'gone';
  }

  /** The application is behind, or the peer is: it sends messages, and does not read what they are answered with. */
  private get isBehind(): boolean {
    return this.wire.isCongested || (this.hasMessages && this.wire.isFull);
  }

  private eof(): void {
    if (this.isGone) return;
    this.engine.eof(this);
    this.turn();
  }

  private gone(): void {
    if (this.isGone) return;
    this.engine.lost(this);
    const { untold } = this;
    if (untold?.kind === 'cut') clearTimeout(untold.timer);
    if (untold?.kind === 'fault') this.wire.failed(untold.error);
    else this.wire.lost();
    this.stage = 'gone';
    clearTimeout(this.timer);
    this.engine.free();
    this.onclose(this.ending);
  }

  private unstop(): void {
    if (this.isGone || !this.socket.isPaused() || this.isBehind) return;
    this.socket.resume();
    native.connHoldInput(this.engine.handle, 0);
  }

  /** Within a call of the program: what it still sends goes out with it. */
  private schedule(): void {
    if (this.scheduled || this.blocked || this.isGone) return;
    this.scheduled = true;
    const run = () => {
      this.scheduled = false;
      this.turn();
    };
    // Where events wait their listeners will send too.
    if (busy()) setImmediate(run);
    else nextTick(run);
  }

  /** Moves what waits into the socket, as far as it takes it, and does what the connection says. */
  private turn(): void {
    if (this.isGone || !this.settleFault()) return;
    if (this.untold?.kind === 'cut' && !this.wire.isAnswering) this.tellCut();
    while (!this.blocked) {
      this.fill();
      const parts = this.engine.take();
      if (parts.length === 0) break;
      this.write(parts);
    }
    this.watchTime();
    this.steer();
  }

  /**
   * Answers to what came before a fault go out before the Close frame that tells of it, which is
   * put off until the queue is looked at. False while there may be more of them.
   */
  private settleFault(): boolean {
    const { untold, wire } = this;
    if (untold?.kind !== 'fault') return true;
    this.fill();
    if (wire.isAwaited) return false;
    this.untold = undefined;
    wire.failed(untold.error);
    return true;
  }

  /** From when the end behind sees it nothing that it sends goes out, so what came before is answered first. */
  private tellCut(): void {
    if (this.untold?.kind !== 'cut') return;
    clearTimeout(this.untold.timer);
    this.untold = undefined;
    this.wire.ended();
  }

  private fill(): void {
    const { engine, wire } = this;
    for (let bytes = 0; bytes < BATCH; ) {
      const outgoing = wire.outgoing();
      if (outgoing === undefined) return;
      if (outgoing.kind === 'message') {
        const { message } = outgoing;
        bytes += typeof message === 'string' ? message.length : message.byteLength;
        const sent = typeof message === 'string' ? engine.sendText(message) : engine.sendBinary(Buffer.from(message));
        if (sent === Sent.Backpressure) return;
      } else if (outgoing.kind === 'close') {
        native.connPassClose(engine.handle, outgoing.code, outgoing.reason);
      } else {
        native.connAbort(engine.handle);
      }
      wire.sent();
    }
  }

  private write(parts: Buffer[]): void {
    const { socket } = this;
    if (!socket.writable) return;
    if (parts.length > 1) socket.cork();
    for (const part of parts) this.blocked = !socket.write(part);
    if (parts.length > 1) socket.uncork();
  }

  private steer(): void {
    const { engine, socket } = this;
    const { transport } = engine;
    if (transport === Transport.Open || this.stage === 'dropping') return;
    engine.rest(this);
    if (transport === Transport.Close) return this.drop();
    if (this.stage !== 'open' || this.blocked) return;
    this.stage = 'finishing';
    socket.end();
  }

  private drop(): void {
    const { socket, cause } = this;
    this.stage = 'dropping';
    clearTimeout(this.timer);
    // Nobody is there to read what it holds.
    if (cause === Cause.CloseTimeout || cause === Cause.PongTimeout) return void socket.destroy();
    if (cause === Cause.Abort && socket.cancel) return socket.cancel();
    // Once it wrote what it has, and in any case.
    if (socket.destroySoon) {
      socket.destroySoon();
    } else {
      socket.once('finish', () => socket.destroy());
      socket.end();
    }
    dropSoon(socket);
  }

  private watchTime(): void {
    const { due } = this.engine;
    if (due === Infinity || this.timerDue <= due || this.stage === 'dropping') return;
    clearTimeout(this.timer);
    this.timerDue = due;
    // What the socket holds is read before the time is told: a pong that waits there is no silence.
    const tick = () => {
      this.timerDue = Infinity;
      setImmediate(() => this.tellTime());
    };
    const wait = Math.max(Math.ceil(due - clock()), 0);
    this.timer = setTimeout(tick, Math.min(wait, LONGEST)).unref();
  }

  private tellTime(): void {
    const { engine, socket } = this;
    if (this.isGone || this.stage === 'dropping') return;
    engine.transportHolds((this.output ??= new Output(socket)).held);
    engine.timeout(clock(), this);
    this.turn();
  }
}

/** Bytes that are moved into the connection at a time. */
const BATCH = 64 << 10;

/** How long an end whose peer ended its direction may take to answer what came before. */
const PATIENCE = 1_000;

/** Milliseconds that a timer can be set to. */
const LONGEST = 2 ** 31 - 1;

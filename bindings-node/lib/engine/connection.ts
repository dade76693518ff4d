/** One side of an open WebSocket over any stream: bytes in, events out, bytes to write. */

import { Buffer } from 'node:buffer';
import { between, boolean, checkOptions, count, milliseconds, object, type Rules, text, wrongValue } from '../basics/options';
import { bytesOf, unshared } from './buffer-source';
import { Cause, Compression, Engine, type Negotiated, Sending, Sent, type Sink, Transport } from './engine';
import { native } from './native';
import { Prepared } from './prepared';
import { type ProtocolRule, ruleOf } from './rules';

export interface Limits {
  /** Longest message accepted, in bytes, all fragments together. Default 1 MiB. Breach: 1009. */
  maxMessage?: number;
  /** Longest frame accepted, in bytes of its payload. Default: as the message. Breach: 1009. */
  maxFrame?: number;
  /** Most frames that one message may come in. Default 16384. Breach: 1008. */
  maxFragments?: number;
  /** Most bytes that wait to be written before a send is refused. Default 16 MiB. */
  maxOutgoing?: number;
  /** From this many waiting bytes on, `isCongested` is true. Default 1 MiB. */
  highWaterMark?: number;
  /** @deprecated `highWaterMark`, by its earlier name. */
  outgoingMark?: number;
}

/** Times are in milliseconds; `Infinity` is never, and no limit. */
export interface ConnectionOptions extends Limits {
  /** Whether messages come in chunks, as they arrive. Default: whole. */
  chunks?: boolean;
  /** Answer pings. Default on. */
  autoPong?: boolean;
  /** Answer the peer's close at once. Default on. */
  autoClose?: boolean;
  /**
   * End the output when the peer's ended without a Close frame and that was told. Default on; off leaves it open
   * until `close` or `abort` is called, at the latest for `closeWithin`.
   */
  autoEnd?: boolean;
  /** Ping after this much silence of the peer. Default never. */
  pingAfter?: number;
  /** Give up this long after a ping left, when nothing was heard and no waiting output moved. Default 20 s. */
  pongWithin?: number;
  /** Drop the stream this long after our Close frame, the peer's end or a failure. Default 10 s. */
  closeWithin?: number;
  /** Longer messages go out in fragments of this many bytes. Default never. */
  splitAbove?: number;
  /** How messages are compressed, where the handshake agreed on it. */
  deflate?: {
    /** Shorter messages are sent as they are. Default 64 bytes. */
    threshold?: number;
    /** Effort, 0 to 9. Default 1. */
    level?: number;
    /** Memory, 1 to 9. Default 5. */
    memLevel?: number;
  };
}

/**
 * What happened. Binary data is a part of the memory that was fed, unless the message came in
 * more than one piece.
 */
export type ConnectionEvent =
  | { type: 'text'; data: string }
  | { type: 'binary'; data: Buffer }
  | { type: 'chunk'; data: Buffer; text: boolean; first: boolean; last: boolean }
  | { type: 'ping' | 'pong'; data: Buffer }
  /** The peer's Close frame. With `autoClose` it is already answered. */
  | { type: 'peer-closing'; code: number | undefined; reason: string }
  /** The end, once, and always last. */
  | { type: 'closed'; code: number; reason: string; clean: boolean; cause: ClosedCause; error?: string; rule?: ProtocolRule };

export type ClosedCause =
  | 'handshake'
  | 'peer'
  | 'transport'
  | 'close-timeout'
  | 'pong-timeout'
  | 'abort'
  | 'out-of-memory';

/** Options that many connections share, to be given instead of them. */
export class ConnectionConfig {
  /** @internal */
  readonly native: object;

  constructor(options: ConnectionOptions = {}) {
    checkOptions('a connection', options, connectionRules);
    this.native = native.connConfig(options);
  }
}

export class Connection {
  readonly #engine: Engine;
  readonly #told: Collector;

  /**
   * @param role which side of the connection this is
   * @param agreed what the handshake agreed on
   */
  constructor(
    readonly role: 'server' | 'client',
    options: ConnectionOptions | ConnectionConfig = {},
    readonly agreed: Readonly<Negotiated> = {},
  ) {
    if (role !== 'server' && role !== 'client') throw new TypeError('role must be "server" or "client"');
    checkOptions('an agreement', agreed, agreementRules);
    const config = options instanceof ConnectionConfig ? options : new ConnectionConfig(options);
    this.#engine = new Engine(role === 'client', config.native, agreed);
    this.#told = new Collector(this.#engine);
  }

  /** Feeds bytes, which are unmasked where they lie, and gives what follows. All of them are taken. */
  receive(bytes: Uint8Array): ConnectionEvent[] {
    if (!(bytes instanceof Uint8Array) && !ArrayBuffer.isView(bytes)) throw wrongValue('receive', 'a Uint8Array', bytes);
    const own = unshared(bytes);
    const buffer = Buffer.isBuffer(own) ? own : Buffer.from(own.buffer, own.byteOffset, own.byteLength);
    this.#engine.feed(buffer, this.#told);
    return this.#told.take();
  }

  /**
   * The peer ended its direction of the stream, and nothing is to be read any more. Behind its Close frame that ends
   * nothing: sending goes on until our own Close is queued, or `closeWithin` is over. Without one the connection ends
   * now, with 1006: what was sent before still goes out.
   */
  receiveEof(): ConnectionEvent[] {
    this.#engine.eof(this.#told);
    return this.#told.take();
  }

  /**
   * The stream is gone in both directions: it was reset, or a write failed. The end follows at once, with the code of
   * the peer's Close frame if it came; nothing can be sent any more.
   */
  transportLost(): ConnectionEvent[] {
    this.#engine.lost(this.#told);
    return this.#told.take();
  }

  /**
   * Tells how many of the bytes that were taken out wait in buffers of the stream still, as `writableLength` and what
   * the system has not sent of them; 0 until it is told. To be told before the time where `pingAfter` is set: what
   * leaves those buffers is life of a peer that reads slowly, and a ping in them has not left.
   */
  transportHolds(bytes: number): void {
    this.#engine.transportHolds(bytes);
  }

  /** @deprecated `transportHolds`, by its earlier name. */
  streamHolds(bytes: number): void {
    this.transportHolds(bytes);
  }

  /**
   * Tells that the program stops reading from the stream, or reads again; it reads until it is told. While it does
   * not, the peer's silence is the program's own doing, and keepalive waits.
   */
  holdInput(held: boolean): void {
    native.connHoldInput(this.#engine.handle, held ? 1 : 0);
  }

  /** Tells the time of any clock that only goes forward. Early and repeated calls are harmless. */
  handleTimeout(nowMs: number): ConnectionEvent[] {
    if (!(nowMs >= 0)) throw wrongValue('handleTimeout', 'a number of milliseconds', nowMs);
    this.#engine.timeout(nowMs, this.#told);
    return this.#told.take();
  }

  /** When to call `handleTimeout`; null for never, until another method was called. */
  get nextTimeout(): number | null {
    void this.#engine.transport;
    return this.#engine.due === Infinity ? null : this.#engine.due;
  }

  /** All that waits to be written, in one piece. */
  flush(): Buffer {
    const parts = this.#engine.take();
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** All that waits to be written, for a vectored write: long messages in pieces of their own. */
  flushv(): Buffer[] {
    return this.#engine.take();
  }

  /**
   * Sends a text. Throws a `SendError`, of which nothing was queued: `BACKPRESSURE` beyond `maxOutgoing`, `CLOSING`
   * once a Close frame was sent or the connection ended, `FRAGMENT` within a message of `sendFragment`,
   * `OUT_OF_MEMORY`.
   *
   * @param compress whether to compress, where that was agreed on; by its length if left out
   */
  sendText(text: string, compress?: boolean): void {
    if (typeof text !== 'string') throw wrongValue('sendText', 'a text', text);
    check(this.#engine.sendText(text, choice(compress)));
  }

  /**
   * Sends bytes. From 16 KiB on a message may go out without a copy: don't change it until it is written. Throws as
   * `sendText` does.
   */
  sendBinary(data: ArrayBufferLike | ArrayBufferView, compress?: boolean): void {
    check(this.#engine.sendBinary(bytesOf('sendBinary', data), choice(compress)));
  }

  /** Sends what was prepared for many connections. Throws as `sendText` does. */
  sendPrepared(message: Prepared, compress?: boolean): void {
    if (!(message instanceof Prepared)) throw wrongValue('sendPrepared', 'a Prepared', message);
    check(native.connSendPrepared(this.#engine.handle, message.native, choice(compress)));
  }

  /**
   * Sends a part of a message. `fin` ends it. Throws as `sendText` does, and `FRAGMENT` for another kind of data than
   * the first.
   */
  sendFragment(data: string | ArrayBufferLike | ArrayBufferView, fin: boolean): void {
    const text = typeof data === 'string';
    const what = Sending.Fragment | (text ? Sending.OfText : 0) | (fin ? Sending.Fin : 0);
    check(native.connSend(this.#engine.handle, text ? Buffer.from(data) : bytesOf('sendFragment', data), what, 0));
  }

  /** Sends a ping of up to 125 bytes. Throws a `SendError` for more, or once the connection closes. */
  ping(data: ArrayBufferLike | ArrayBufferView = none): void {
    check(native.connSend(this.#engine.handle, bytesOf('ping', data), Sending.Ping, 0));
  }

  /** Sends a pong of up to 125 bytes that no ping asked for: those are answered without it. Throws as `ping` does. */
  pong(data: ArrayBufferLike | ArrayBufferView = none): void {
    check(native.connSend(this.#engine.handle, bytesOf('pong', data), Sending.Pong, 0));
  }

  /** Starts, or completes, the closing handshake. The code is 1000 to 1003, 1007 to 1014 or 3000 to 4999. */
  close(code?: number, reason = ''): void {
    if (code !== undefined && typeof code !== 'number') throw wrongValue('close', 'a number', code);
    if (typeof reason !== 'string') throw wrongValue('close', 'a text as its second argument', reason);
    check(native.connClose(this.#engine.handle, code, reason));
  }

  /** Gives up: the peer sees the stream end. */
  abort(): ConnectionEvent[] {
    native.connAbort(this.#engine.handle);
    this.#engine.rest(this.#told);
    return this.#told.take();
  }

  /** Gives back memory that is kept for the next message. */
  shrinkToFit(): void {
    native.connShrink(this.#engine.handle);
  }

  /** @deprecated `shrinkToFit`, by its earlier name. */
  shrink(): void {
    this.shrinkToFit();
  }

  /**
   * What to do with the stream, once what waits is written: go on, end the write side and go on
   * reading, or drop it.
   */
  get transportState(): 'open' | 'finish-writing' | 'close' {
    return transports[this.#engine.transport]!;
  }

  /** As `WebSocket.readyState`: 1 open, 2 closing, 3 closed. */
  get readyState(): 1 | 2 | 3 {
    return this.#engine.readyState;
  }

  /** Whether there is anything to write, automatic pongs and the answer to a Close included. */
  get wantsWrite(): boolean {
    return this.#engine.wantsWrite;
  }

  /** Whether a ping of keepalive, which `pingAfter` asks for, has no answer yet. */
  get awaitsPong(): boolean {
    return this.#engine.awaitsPong;
  }

  /** Bytes that wait to be written. */
  get bufferedAmount(): number {
    return this.#engine.buffered;
  }

  /** Whether a sender that can pause should. */
  get isCongested(): boolean {
    return (native.connState(this.#engine.handle) & 32) !== 0;
  }
}

/** Why something was not sent. Nothing was queued. */
export class SendError extends Error {
  override readonly name = 'SendError';

  constructor(
    readonly code:
      | 'BACKPRESSURE'
      | 'CLOSE_CODE'
      | 'CLOSE_REASON'
      | 'CLOSING'
      | 'CONTROL_TOO_LONG'
      | 'FRAGMENT'
      | 'OUT_OF_MEMORY',
    message: string,
  ) {
    super(message);
  }
}

class Collector implements Sink {
  private events: ConnectionEvent[] = [];

  constructor(private readonly engine: Engine) {}

  take(): ConnectionEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }


  text(data: string): void {
    this.events.push({ type: 'text', data });
  }
  binary(data: Buffer): void {
    this.events.push({ type: 'binary', data });
  }
  chunk(data: Buffer, text: boolean, first: boolean, last: boolean): void {
    this.events.push({ type: 'chunk', data, text, first, last });
  }
  ping(data: Buffer): void {
    this.events.push({ type: 'ping', data });
  }
  pong(data: Buffer): void {
    this.events.push({ type: 'pong', data });
  }
  closeFrame(code: number | undefined, reason: string): void {
    this.events.push({ type: 'peer-closing', code, reason });
  }
  closed(code: number, reason: string, clean: boolean, cause: Cause): void {
    const event = { type: 'closed' as const, code, reason, clean, cause: causes[cause]! };
    const fault = cause === Cause.Peer ? native.connFault(this.engine.handle) : null;
    this.events.push(fault === null ? event : { ...event, error: fault.text, rule: ruleOf(fault.rule) });
  }
}

/** Throws what a send came to, if it was refused. @internal */
export function check(sent: Sent): void {
  if (sent === Sent.Queued) return;
  const [code, text] = refusals[sent]!;
  throw new SendError(code, text);
}

function choice(compress: boolean | undefined): Compression {
  if (compress === undefined) return Compression.Auto;
  return compress ? Compression.On : Compression.Off;
}

const agreementRules: Rules = {
  subprotocol: text,
  deflate: object('what was agreed on', {
    serverNoContextTakeover: boolean,
    clientNoContextTakeover: boolean,
    serverMaxWindowBits: between(8, 15),
    clientMaxWindowBits: between(8, 15),
  }),
};

/** Of what a connection may hold, and how it behaves. @internal */
export const connectionRules: Rules = {
  maxMessage: count('bytes'),
  maxFrame: count('bytes'),
  maxFragments: count('frames', 1),
  maxOutgoing: count('bytes'),
  highWaterMark: count('bytes'),
  outgoingMark: count('bytes'),
  chunks: boolean,
  autoPong: boolean,
  autoClose: boolean,
  autoEnd: boolean,
  pingAfter: milliseconds,
  pongWithin: milliseconds,
  closeWithin: milliseconds,
  splitAbove: count('bytes', 1),
  deflate: object('an object of settings', { threshold: count('bytes'), level: between(0, 9), memLevel: between(1, 9) }),
};

const none = new Uint8Array(0);
const transports: Record<number, 'open' | 'finish-writing' | 'close'> = {
  [Transport.Open]: 'open',
  [Transport.FinishWriting]: 'finish-writing',
  [Transport.Close]: 'close',
};
const causes: ClosedCause[] = [
  'handshake',
  'peer',
  'transport',
  'close-timeout',
  'pong-timeout',
  'abort',
  'out-of-memory',
];
const refusals: { [sent: number]: [SendError['code'], string] } = {
  [Sent.Backpressure]: ['BACKPRESSURE', 'output is full'],
  [Sent.CloseCode]: ['CLOSE_CODE', 'close code may not be sent'],
  [Sent.CloseReason]: ['CLOSE_REASON', 'close reason is too long or without a code'],
  [Sent.Closing]: ['CLOSING', 'connection is closing'],
  [Sent.ControlTooLong]: ['CONTROL_TOO_LONG', 'control frame payload over 125 bytes'],
  [Sent.Fragment]: ['FRAGMENT', 'a fragmented message is open'],
  [Sent.OutOfMemory]: ['OUT_OF_MEMORY', 'out of memory'],
};

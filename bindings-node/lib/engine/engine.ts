/** A native connection: bytes in, calls of a sink, bytes out. What programs and sockets work with is on top. */

// The global of that name is found by a call each time.
import { Buffer } from 'node:buffer';
import { native } from './native';

/** What happens on a connection. Calls of a sink must not come back to any connection: they are batched. */
export interface Sink {
  /** @param size in bytes */
  text(data: string, size: number): void;
  /** @param owned whether nobody else has the memory; else it is a part of what was fed */
  binary(data: Buffer, owned: boolean): void;
  chunk?(data: Buffer, text: boolean, first: boolean, last: boolean): void;
  ping?(data: Buffer): void;
  pong?(data: Buffer): void;
  /** The peer's Close frame. */
  closeFrame(code: number | undefined, reason: string): void;
  closed(code: number, reason: string, clean: boolean, cause: Cause): void;
}

export const enum Cause {
  Handshake,
  Peer,
  Transport,
  CloseTimeout,
  PongTimeout,
  Abort,
  OutOfMemory,
}

export const enum Transport {
  Open,
  FinishWriting,
  Close,
}

/** What is sent, but for texts: one of the first four, a fragment with what it is of and whether it is the last. */
export const enum Sending {
  Message = 0,
  Ping = 1,
  Pong = 2,
  Fragment = 4,
  OfText = 8,
  Fin = 16,
}

/** What a send came to. */
export const enum Sent {
  Queued,
  Backpressure,
  CloseCode,
  CloseReason,
  Closing,
  ControlTooLong,
  Fragment,
  Pending,
  OutOfMemory,
}

/** Whether a message is compressed, where that was agreed on. */
export const enum Compression {
  Auto,
  On,
  Off,
}

/** What the handshake agreed on. */
export interface Negotiated {
  subprotocol?: string;
  deflate?: {
    serverNoContextTakeover: boolean;
    clientNoContextTakeover: boolean;
    serverMaxWindowBits: number;
    clientMaxWindowBits: number;
  };
}

// What native code writes: see src/shared.rs.
const head = new Float64Array(native.connShared, 0, 4);
const frameHeader = new Uint8Array(native.connShared, 32, 14);
const records = new Uint32Array(native.connShared, 48);

const enum Kind {
  Text = 1,
  Binary,
  Chunk,
  Ping,
  Pong,
  Close,
  Closed,
  Mask = 7,
  Ascii = 8,
  Kept = 16,
  First = 32,
  Last = 64,
  ChunkOfText = 128,
  Clean = 256,
}

const enum State {
  Transport = 3,
  More = 16,
  Congested = 32,
  Writes = 64,
  AwaitsPong = 128,
}

export class Engine {
  readonly handle: number;
  /** When to tell the time, in milliseconds. */
  due = Infinity;
  /** Bytes of messages that go out as they are, each behind its header. They come before what is queued. */
  private parts: Buffer[] = [];
  private partBytes = 0;

  constructor(client: boolean, config: object, agreed: Negotiated) {
    this.handle = native.connNew(client, config, agreed);
    unreachable.register(this, this.handle, this);
  }

  /** Frees the native side. Nothing may be called after this. */
  free(): void {
    unreachable.unregister(this);
    native.connFree(this.handle);
  }

  feed(bytes: Buffer, sink: Sink): void {
    let from = 0;
    do {
      const count = native.connReceive(this.handle, bytes, from);
      from = head[0]!;
      this.tell(count, bytes, sink);
    } while (this.more);
  }

  /** The peer ended its direction. */
  eof(sink: Sink): void {
    this.tell(native.connEof(this.handle), nothing, sink);
    this.rest(sink);
  }

  /** The transport is gone in both directions. */
  lost(sink: Sink): void {
    this.tell(native.connLost(this.handle), nothing, sink);
    this.rest(sink);
  }

  /** @param bytes how many of those that were taken the stream has not written */
  transportHolds(bytes: number): void {
    native.connHolds(this.handle, bytes + this.partBytes);
  }

  timeout(now: number, sink: Sink): void {
    this.tell(native.connTimeout(this.handle, now), nothing, sink);
    this.rest(sink);
  }

  /** What follows from a call of this side, as `abort`. */
  rest(sink: Sink): void {
    do {
      this.tell(native.connEvents(this.handle), nothing, sink);
    } while (this.more);
  }

  sendText(text: string, compression = Compression.Auto): Sent {
    if (text.length >= BESIDE && compression !== Compression.On) {
      const sent = this.sendBeside(Buffer.from(text), true);
      if (sent !== undefined) return sent;
    }
    return native.connSendText(this.handle, text, compression);
  }

  /** Long messages are not copied: their memory must not change until it was written. */
  sendBinary(bytes: Uint8Array, compression = Compression.Auto): Sent {
    if (bytes.length >= BESIDE && compression !== Compression.On) {
      const sent = this.sendBeside(bytes, false);
      if (sent !== undefined) return sent;
    }
    return native.connSend(this.handle, bytes, Sending.Message, compression);
  }

  private sendBeside(bytes: Uint8Array, text: boolean): Sent | undefined {
    const { length } = bytes;
    const taken = native.connBeside(this.handle, text ? -1 - length : length);
    // What is queued goes first, and with it this.
    if (taken === 0 || taken === -Sent.Pending) return undefined;
    if (taken < 0) return -taken;
    const header = Buffer.from(frameHeader.subarray(0, taken));
    this.parts.push(header, Buffer.from(bytes.buffer, bytes.byteOffset, length));
    this.partBytes += taken + length;
    return Sent.Queued;
  }

  /** Takes all that waits to be written. */
  take(): Buffer[] {
    const { parts } = this;
    this.parts = [];
    this.partBytes = 0;
    for (;;) {
      const taken = native.connFlush(this.handle, slab, slabUsed);
      if (taken > 0) parts.push(slab.subarray(slabUsed, (slabUsed += taken)));
      if (head[1] === 0) break;
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB, head[1]!));
      slabUsed = 0;
    }
    this.due = head[2]!;
    return parts;
  }

  get buffered(): number {
    native.connHead(this.handle);
    return head[1]! + this.partBytes;
  }

  get wantsWrite(): boolean {
    return this.partBytes > 0 || (native.connState(this.handle) & State.Writes) !== 0;
  }

  /** Also asks anew when to tell the time. */
  get transport(): Transport {
    native.connHead(this.handle);
    this.due = head[2]!;
    return head[3]! & State.Transport;
  }

  get awaitsPong(): boolean {
    return (native.connState(this.handle) & State.AwaitsPong) !== 0;
  }

  get readyState(): 1 | 2 | 3 {
    return ((native.connState(this.handle) >> 2) & 3) as 1 | 2 | 3;
  }

  private get more(): boolean {
    return (this.state & State.More) !== 0;
  }
  private state = 0;

  /** Passes on the records that a call wrote. */
  private tell(count: number, bytes: Buffer, sink: Sink): void {
    this.due = head[2]!;
    this.state = head[3]!;
    for (let at = 0; at < count * 4; at += 4) {
      const word = records[at]!;
      const offset = records[at + 1]!;
      const length = records[at + 2]!;
      switch (word & Kind.Mask) {
        case Kind.Text:
          sink.text(this.text(word, bytes, offset, length), length);
          break;
        case Kind.Close: {
          const code = word >>> 16 || undefined;
          sink.closeFrame(code, code === undefined ? '' : native.connReason(this.handle));
          break;
        }
        case Kind.Closed: {
          const clean = (word & Kind.Clean) !== 0;
          sink.closed(word >>> 16, native.connReason(this.handle), clean, records[at + 3]!);
          break;
        }
        default:
          this.tellBytes(word, bytes, offset, length, sink);
      }
    }
  }

  private tellBytes(word: number, bytes: Buffer, offset: number, length: number, sink: Sink): void {
    const owned = (word & Kind.Kept) !== 0;
    const data = owned ? this.kept(length) : bytes.subarray(offset, offset + length);
    switch (word & Kind.Mask) {
      case Kind.Binary:
        return sink.binary(data, owned);
      case Kind.Chunk:
        return sink.chunk?.(
          data,
          (word & Kind.ChunkOfText) !== 0,
          (word & Kind.First) !== 0,
          (word & Kind.Last) !== 0,
        );
      case Kind.Ping:
        return sink.ping?.(data);
      case Kind.Pong:
        return sink.pong?.(data);
    }
  }

  private text(word: number, bytes: Buffer, offset: number, length: number): string {
    if ((word & Kind.Kept) !== 0) {
      if ((word & Kind.Ascii) === 0 || length < EXTERNAL) return native.connKeptText(this.handle);
      return (this.kept(length) as Sliced).latin1Slice(0, length);
    }
    if ((word & Kind.Ascii) !== 0) return (bytes as Sliced).latin1Slice(offset, offset + length);
    if (NODE_DECODES) return (bytes as Sliced).utf8Slice(offset, offset + length);
    return native.decodeText(bytes, offset, length);
  }

  private kept(length: number): Buffer {
    // Of its own, and not filled first.
    const data = Buffer.allocUnsafeSlow(length);
    native.connKept(this.handle, data);
    return data;
  }
}

/** What every Buffer has: `toString` without its detours. */
type Sliced = Buffer & {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
};

const nothing = Buffer.alloc(0);

/** From here on a message is not copied, where it goes out as it is. */
const BESIDE = 16 << 10;

/** Whether Node's own decoder of UTF-8 is the faster one: up to version 22 it takes several times as long. */
const NODE_DECODES = Number.parseInt(process.versions.node) >= 24;

/** From here on Node keeps a text outside the heap, where it takes a fraction of the time to make. */
const EXTERNAL = 0xfbee9;

/** Output is written to memory of this length, one flush behind the other, until it is full. */
const SLAB = 64 << 10;
let slab = Buffer.allocUnsafeSlow(SLAB);
let slabUsed = 0;

const unreachable = new FinalizationRegistry(native.connFree);

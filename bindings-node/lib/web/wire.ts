/** A side of a pair that the network has: what the code around a connection works with. */

import { native, Status, Word } from '../engine/native';
import { responseRefusal } from './errors';
import type { Holder, Message, Side } from './side';

/** What has to go out. Nothing follows a close or a disconnect. */
export type Outgoing =
  | { kind: 'message'; message: Message }
  /** Without a code, a Close frame without a body. */
  | { kind: 'close'; code: number | undefined; reason: string }
  /** Drop the transport without a Close frame. */
  | { kind: 'disconnect' };

export class Wire implements Holder {
  /**
   * Called when something has to go out, in the middle of the program's `send` or `close`: remember
   * it, or write at once, but call no code of the program. Also called when it was known already.
   */
  onoutgoing: () => void = nothing;
  /** Called when the other end took a message that came from here: perhaps it is congested no more. */
  ondrained: () => void = nothing;
  /** What still waits stays here. */
  private isCut = false;

  /** Throws what the runtime logs when the end is not fresh. */
  constructor(private readonly side: Side) {
    const status = native.pairCouple(side.handle);
    if (status !== Status.Done) throw responseRefusal(status);
    side.hold(this);
  }

  /** The oldest of what has to go out; it stays until `sent`. What was queued before counts too. */
  outgoing(): Outgoing | undefined {
    const { side } = this;
    if (this.isCut) return undefined;
    if (side.peer.gate?.beforeOutput() === false) {
      this.isCut = true;
      return { kind: 'disconnect' };
    }
    const word = native.pairOutgoing(side.handle);
    switch (word & Word.Kind) {
      case Word.Message:
        return { kind: 'message', message: side.inbox.peek()! };
      case Word.Close: {
        const code = word >>> Word.CodeShift || undefined;
        return { kind: 'close', code, reason: native.pairOutgoingReason(side.handle) };
      }
      case Word.Fault:
        return { kind: 'disconnect' };
      default:
        return undefined;
    }
  }

  /** What `outgoing` gave is with the connection, or the transport was dropped as it said. */
  sent(): void {
    if (this.isCut) return;
    const { side } = this;
    // Only messages are kept here, and they come before anything else.
    side.inbox.shift();
    native.pairSent(side.handle);
  }

  /** A message came; `size` is its length on the wire, and nobody else may change its bytes. */
  deliver(message: Message, size: number): void {
    if (native.pairDeliver(this.side.handle, size) === Status.Done) this.side.post(message);
  }

  /** A Close frame came. The answer is the end's, and comes out of `outgoing`. */
  deliverClose(code: number | undefined, reason: string): void {
    native.pairDeliverClose(this.side.handle, code, reason);
    this.side.peer.holder?.wake();
  }

  /** The transport is gone, or given up, and why. After a Close frame came, this changes nothing. */
  lost(why?: string): void {
    this.side.peer.loss ??= why;
    this.side.detach(native.pairAbandon);
  }

  /** The peer ended its direction without a Close frame. What the other end sends until it sees that still goes out. */
  ended(): void {
    native.pairDeliverEnd(this.side.handle);
    this.side.peer.holder?.wake();
  }

  /** The peer broke the protocol, or a limit: the other end fails with this error, after what came before. */
  failed(error: Error): void {
    this.side.peer.fault = error;
    this.side.detach(native.pairDeliverError);
  }

  /** Whether the other end has yet to take a message that came from here, and is going to. */
  get isAwaited(): boolean {
    const { peer } = this.side;
    return peer.holder !== undefined && peer.inbox.length > 0;
  }

  /** Whether it is also at something that it took: listeners are, until their promises settle. */
  get isAnswering(): boolean {
    return this.isAwaited || this.side.peer.holder?.isAnswering === true;
  }

  /** Whether the other end is behind with what came from here: stop reading the transport. */
  get isCongested(): boolean {
    return native.pairCongested(this.side.handle) !== 0;
  }

  /** Whether too much waits to go out: read no more messages that may be answered. */
  get isFull(): boolean {
    return native.pairCongested(this.side.peer.handle) !== 0;
  }

  get isNetwork(): boolean {
    return true;
  }

  wake(): void {
    this.onoutgoing();
  }

  drained(): void {
    this.ondrained();
  }
}

function nothing(): void {}

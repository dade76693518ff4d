/** The two sides of a pair: what JavaScript keeps of it, beside the number of the native pair. */

import { Fifo } from '../basics/fifo';
import { native, Word } from '../engine/native';

/** A text, or bytes that nobody else has. */
export type Message = string | ArrayBuffer;

/** Who takes what arrives at a side: an accepted end, or the network. */
export interface Holder {
  /** Something arrived. */
  wake(): void;
  /** The other side took something that came from here, or has answered it. */
  drained(): void;
  /** Whether it is still at something that it took. */
  readonly isAnswering?: boolean;
  readonly isNetwork?: boolean;
}

/** Whoever has the end at a side, and something to do before what it sent leaves the process. */
export interface Gate {
  /** Gives whether it may leave: else it never does, nor does anything after it. */
  beforeOutput(): boolean;
}

/**
 * One side of a pair.
 *
 * What holds what decides when an end is collected:
 *
 * - The two sides hold each other. When neither can be reached, the native pair is freed.
 * - An end holds its side; a side holds its end only from when it is accepted. So an end that
 *   nobody accepted is collected although somebody holds the other one; an accepted end lives as
 *   long as the other one may still send.
 * - Until it is accepted or goes out with a response, an end is watched. The watch holds the
 *   sides: what was accepted lives at least until the other end is gone, to hear of it.
 */
export class Side {
  peer!: Side;
  holder: Holder | undefined = undefined;
  /** What was sent to this side and not taken, in step with the native queue. */
  readonly inbox = new Fifo<Message>();
  /** Of what is sent from this side. */
  gate: Gate | undefined = undefined;
  /** Why the end at this side fails, for its error event. */
  fault: unknown = undefined;
  /** Why the transport behind this side is gone, for the close event, where there is more to say than that it is. */
  loss: string | undefined = undefined;
  private watching: Watch | undefined = undefined;

  private constructor(readonly handle: number) {}

  /** The two sides of a new pair. */
  static pair(compatBits: number): [Side, Side] {
    const id = native.pairNew(compatBits);
    const first = new Side(id * 2);
    const second = new Side(id * 2 + 1);
    first.peer = second;
    second.peer = first;
    unreachable.register(first, id);
    return [first, second];
  }

  /** Has `end`, which is at this side, watched until it has a holder. */
  watch(end: object): void {
    this.watching = { side: this };
    abandoned.register(end, this.watching);
  }

  hold(holder: Holder): void {
    this.holder = holder;
    if (this.watching !== undefined) this.watching.side = undefined;
  }

  /** Puts a message of this side into the hands of the other. */
  post(message: Message): void {
    this.peer.inbox.push(message);
    this.peer.holder?.wake();
  }

  /** Has what this side sent stay unheard where it is, unless the network has it. */
  takeBack(): void {
    const { peer } = this;
    if (peer.holder?.isNetwork === true) return;
    while (peer.inbox.length > 0 && (native.pairPoll(peer.handle) & Word.Kind) === Word.Message) peer.inbox.shift();
  }

  /** Whether what the other side sent may be heard here. What may not is gone then. */
  admitsPeer(): boolean {
    if (this.peer.gate?.beforeOutput() !== false) return true;
    this.peer.takeBack();
    return false;
  }

  /** Has the native side end this one by `how`: nothing that was sent to it will be taken. */
  detach(how: (handle: number) => void): void {
    how(this.handle);
    this.inbox.clear();
    this.peer.holder?.wake();
  }
}

const unreachable = new FinalizationRegistry(native.pairFree);

/** Holds a side for the registry; emptied when it is no longer needed, which costs less than to unregister. */
interface Watch {
  side: Side | undefined;
}

const abandoned = new FinalizationRegistry<Watch>(({ side }) => side?.detach(native.pairAbandon));

/** What an end of a pair does. The classes that programs see are a face of it. */

import { type Runner, schedule } from '../basics/tasks';
import { native, Status, Word } from '../engine/native';
import { Answers, setFollower } from './answers';
import * as attachment from './attachment';
import type { Compat } from './compat';
import { refusal } from './errors';
import type { Events } from './events';
import type { Gate, Holder, Message, Side } from './side';
import type { Targets } from './target';
import type * as dom from './types';
import { Wire } from './wire';

/** What an end needs of the classes of its compatibility date. */
export interface Shell {
  readonly compat: Compat;
  readonly events: Events;
  readonly targets: Targets;
}

/** Whose code has an end, where that is a Durable Object. */
export interface Owner extends Gate {
  /** Throws why it can send no more, where that is so. */
  check(): void;
  /** Runs an event, or puts it off and gives false: `again` is called once it can run. */
  run(event: () => void, again: () => void): boolean;
}

/** Finds the owner of what the code that runs now accepts. */
let findOwner: (end: End) => Owner | undefined = () => undefined;

export function setOwnerFinder(find: typeof findOwner): void {
  findOwner = find;
}

export class End implements Runner, Holder {
  waiting = false;
  binaryType: 'blob' | 'arraybuffer';
  /** The object that a program has. */
  socket!: dom.WebSocket;
  private answers: Answers | undefined = undefined;

  /** @param watched whether it is a fresh one, that nobody may ever accept */
  constructor(
    readonly side: Side,
    readonly shell: Shell,
    watched = true,
  ) {
    this.binaryType = shell.compat.has('websocket_standard_binary_type') ? 'blob' : 'arraybuffer';
    if (watched) side.watch(this);
  }

  get owner(): Owner | undefined {
    return this.side.gate as Owner | undefined;
  }

  set owner(owner: Owner | undefined) {
    this.side.gate = owner;
  }

  get url(): string | null {
    return null;
  }
  get protocol(): string | null {
    return '';
  }
  get extensions(): string | null {
    return '';
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return native.pairState(this.side.handle);
  }

  get bufferedAmount(): number {
    return native.pairBuffered(this.side.handle);
  }

  accept(halfOpen: boolean | undefined): void {
    const { side } = this;
    const status = native.pairAccept(side.handle, halfOpen === undefined ? undefined : Number(halfOpen));
    if (status !== Status.Done) throw refusal(status);
    if (side.holder !== undefined) return;
    this.own();
    side.hold(this);
    // One with nothing to hear stays out of the line: its place there decides what is told first.
    if (native.pairHasEvent(side.handle) !== 0) schedule(this, side.inbox.length + 1);
  }

  /** Whatever happens to it is the business of whoever accepts it now. */
  own(): void {
    this.owner = findOwner(this);
  }

  /** Has `holder` take what arrives, in place of listeners. Gives why not, if it cannot. */
  acceptHibernatable(holder: Holder): Status {
    const status = native.pairAcceptHibernatable(this.side.handle);
    if (status === Status.Done) this.side.hold(holder);
    return status;
  }

  /** @param size what the message counts, which for text is its length in UTF-8 */
  send(message: Message, size: number): void {
    this.owner?.check();
    const { side } = this;
    const status = native.pairSend(side.handle, size);
    if (status === Status.Done) side.post(message);
    else if (status !== Status.Ignored) throw refusal(status);
  }

  close(code: number | undefined, reason: string | undefined): void {
    this.owner?.check();
    const { side } = this;
    const status = native.pairClose(side.handle, code, reason);
    if (status !== Status.Done) throw refusal(status, code);
    side.peer.holder?.wake();
  }

  /** Gives the end to the network, as returning it in a response does. */
  give(): Wire {
    return new Wire(this.side);
  }

  serializeAttachment(value: unknown): void {
    const bytes = attachment.serialize(value);
    const status = native.pairAttach(this.side.handle, bytes);
    if (status !== Status.Done) throw refusal(status, bytes.length);
  }

  deserializeAttachment(): unknown {
    const bytes = native.pairAttachment(this.side.handle);
    return bytes === null ? null : attachment.deserialize(bytes);
  }

  wake(): void {
    schedule(this);
  }

  drained(): void {}

  get isAnswering(): boolean {
    return this.answers?.areOpen === true;
  }

  follow(promise: Promise<unknown>): void {
    this.answers ??= new Answers(() => this.side.peer.holder?.drained());
    this.answers.add(promise);
  }

  run(): boolean {
    const { owner } = this;
    if (owner === undefined) return this.runEvent();
    let more = false;
    owner.run(
      () => void (more = this.runEvent()),
      () => this.wake(),
    );
    return more;
  }

  protected runEvent(): boolean {
    const { side } = this;
    if (side.inbox.length > 0 && !side.admitsPeer()) return native.pairHasEvent(side.handle) !== 0;
    const word = native.pairPoll(side.handle);
    switch (word & Word.Kind) {
      case Word.Message:
        side.peer.holder?.drained();
        setFollower(this);
        this.fire(this.shell.events.message(this.received(side.inbox.shift()!)));
        setFollower(undefined);
        break;
      case Word.Close: {
        // It may have been answered already.
        side.peer.holder?.wake();
        const code = word >>> Word.CodeShift;
        const reason = (code === LOST && side.loss) || native.pairReason(side.handle);
        this.fire(this.shell.events.close(code, reason, (word & Word.Clean) !== 0));
        native.pairEventDone(side.handle);
        break;
      }
      case Word.Fault:
        this.fire(this.shell.events.error(side.fault));
        native.pairEventDone(side.handle);
        break;
    }
    return (word & Word.More) !== 0;
  }

  protected fire(event: dom.Event): void {
    const thrown = this.shell.targets.fire(this.socket, event);
    if (thrown === undefined) return;
    const { side } = this;
    side.fault = asError(thrown.error);
    // Before the other end, which is told by the detaching.
    schedule(this);
    side.detach(native.pairFail);
  }

  private received(message: Message): string | ArrayBuffer | Blob {
    if (typeof message === 'string' || this.binaryType === 'arraybuffer') return message;
    return new Blob([message]);
  }
}

/** RFC 6455 7.4.1: no Close frame came. */
const LOST = 1006;

function asError(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null ? thrown : new Error(String(thrown));
}

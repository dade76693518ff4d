/** The WebSockets beside which an object may sleep: what is kept of them, and how their events come to it. */

import { report } from '../basics/report';
import { type Runner, schedule } from '../basics/tasks';
import { native, Status, Word } from '../engine/native';
import { End, type Shell } from '../web/end';
import { hibernationRefusal } from '../web/errors';
import type { WebSocketRequestResponsePair } from '../web/request-response-pair';
import type { Holder, Message, Side } from '../web/side';
import type { WebSocket } from '../web/types';
import { faceOf } from '../web/websocket';
import type { Actor } from './actor';
import type { Life } from './life';

export class ObjectSockets {
  autoResponse: WebSocketRequestResponsePair | null = null;
  /** Milliseconds that a handler may take. */
  eventTimeout: number | null = null;
  /** In the order in which they were accepted. */
  private readonly all = new Set<ObjectSocket>();
  private readonly tagged = new Map<string, Set<ObjectSocket>>();
  /** Those whose client has closed, and waits for the object to close as well. */
  private leaving: Set<Side> | undefined;
  private mostLeaving = 16;

  constructor(readonly actor: Actor) {}

  get size(): number {
    return this.all.size;
  }

  /** Throws where the end cannot be one. */
  accept(end: End, tags: readonly string[], life: Life): void {
    if (this.all.size >= MOST) throw new Error(`only ${MOST} websockets can be accepted on a single Durable Object instance`);
    const socket = new ObjectSocket(this, end, tags);
    const status = end.acceptHibernatable(socket);
    if (status !== Status.Done) throw hibernationRefusal(status);
    end.owner = life;
    this.all.add(socket);
    for (const tag of tags) {
      const others = this.tagged.get(tag);
      if (others === undefined) this.tagged.set(tag, new Set([socket]));
      else others.add(socket);
    }
  }

  /** All of them, newest first; those with a tag, oldest first. */
  list(tag: string | undefined, life: Life): WebSocket[] {
    const found = tag === undefined ? [...this.all].reverse() : [...(this.tagged.get(tag) ?? [])];
    return found.map((socket) => socket.faceFor(life));
  }

  has(socket: ObjectSocket): boolean {
    return this.all.has(socket);
  }

  /** It was told of the client's close. */
  remove(socket: ObjectSocket): void {
    this.leave(socket.side);
    this.all.delete(socket);
    for (const tag of socket.tags) {
      const others = this.tagged.get(tag);
      others?.delete(socket);
      if (others?.size === 0) this.tagged.delete(tag);
    }
    this.actor.leaveIfUnused();
  }

  /** To those at the other end the object is gone. */
  drop(): void {
    for (const { side } of this.all) {
      side.takeBack();
      side.detach(native.pairAbandon);
    }
    this.all.clear();
    this.tagged.clear();
    this.endLeaving();
  }

  /** The ends that a program had are nobody's, and those that it never closed are lost to their clients. */
  forget(): void {
    for (const socket of this.all) socket.forget();
    this.endLeaving();
  }

  private leave(side: Side): void {
    const leaving = (this.leaving ??= new Set()).add(side);
    if (leaving.size < this.mostLeaving) return;
    for (const each of leaving) if (native.pairState(each.handle) === 3) leaving.delete(each);
    this.mostLeaving = Math.max(16, leaving.size * 2);
  }

  private endLeaving(): void {
    for (const side of this.leaving ?? []) if (native.pairState(side.handle) !== 3) side.detach(native.pairAbandon);
    this.leaving = undefined;
  }
}

/** What is kept of an end, whether its object sleeps or not. */
export class ObjectSocket implements Holder, Runner {
  waiting = false;
  readonly side: Side;
  /** When it was last answered without the object. */
  answeredAt: number | null = null;
  private readonly shell: Shell;
  private face: WebSocket | undefined;
  /** It stands in the object's queue. */
  private isQueued = false;
  private handlers = 0;

  constructor(
    private readonly owner: ObjectSockets,
    end: End,
    readonly tags: readonly string[],
  ) {
    this.side = end.side;
    this.shell = end.shell;
    this.face = end.socket;
    sockets.set(this.side, this);
  }

  /** The one with this end. */
  static of(end: End): ObjectSocket | undefined {
    const socket = sockets.get(end.side);
    return socket !== undefined && socket.owner.has(socket) ? socket : undefined;
  }

  faceFor(life: Life): WebSocket {
    if (this.face === undefined) {
      const end = new End(this.side, this.shell, false);
      end.owner = life;
      this.face = faceOf(end);
    }
    return this.face;
  }

  forget(): void {
    this.face = undefined;
  }

  wake(): void {
    if (!this.isQueued) schedule(this);
  }

  drained(): void {}

  get isAnswering(): boolean {
    return this.isQueued || this.handlers > 0;
  }

  /** Answers what needs no object, and has it answer the rest. */
  run(): boolean {
    if (this.isQueued) return false;
    this.side.admitsPeer();
    while (this.answerAutomatically());
    if (native.pairHasEvent(this.side.handle) === 0) return false;
    this.isQueued = true;
    const { actor, eventTimeout } = this.owner;
    // Nobody else hears of it.
    actor.deliver((life) => this.dispatch(life), eventTimeout ?? undefined).catch((error) => {
      if (!actor.kind.host.isClosed) report(error);
    });
    return false;
  }

  private answerAutomatically(): boolean {
    const { side, owner } = this;
    const { autoResponse } = owner;
    if (autoResponse === null || side.inbox.peek() !== autoResponse.request) return false;
    this.take();
    this.answeredAt = Date.now();
    const { response } = autoResponse;
    if (native.pairSend(side.handle, Buffer.byteLength(response)) === Status.Done) side.post(response);
    return true;
  }

  private take(): Message {
    native.pairPoll(this.side.handle);
    const message = this.side.inbox.shift()!;
    this.side.peer.holder?.drained();
    return message;
  }

  /** Tells the object of one event. */
  private async dispatch(life: Life): Promise<void> {
    const { side, owner } = this;
    const { handle } = side;
    this.isQueued = false;
    const socket = this.faceFor(life);
    let handled: unknown;
    let isLast = true;
    if (side.inbox.length > 0) {
      isLast = false;
      const message = this.take();
      handled = this.call(life, 'webSocketMessage', socket, message);
    } else {
      const word = native.pairPoll(handle);
      switch (word & Word.Kind) {
        case Word.Close:
          side.peer.holder?.wake();
          handled = this.call(life, 'webSocketClose', socket, word >>> Word.CodeShift, native.pairReason(handle), (word & Word.Clean) !== 0);
          break;
        case Word.Fault:
          handled = this.call(life, 'webSocketError', socket, side.fault);
          break;
        default:
          return;
      }
    }
    if (!isLast && native.pairHasEvent(handle) !== 0) schedule(this);
    if (isLast) {
      // As long as the handler runs, but not while it waits.
      native.pairEventDone(handle);
      owner.remove(this);
    }
    await handled;
  }

  /** What a handler throws ends nothing. */
  private async call(life: Life, name: string, ...args: unknown[]): Promise<void> {
    this.handlers++;
    try {
      await life.instance[name]?.(...args);
    } catch (error) {
      if (life.failure === undefined) report(error);
    } finally {
      this.handlers--;
      this.side.peer.holder?.drained();
    }
  }
}

const sockets = new WeakMap<Side, ObjectSocket>();

const MOST = 32_768;

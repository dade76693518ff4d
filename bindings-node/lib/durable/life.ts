/** An object while it is awake: from its constructor until it sleeps, or fails. */

import { report } from '../basics/report';
import { clearTimeout, setImmediate, setTimeout } from '../basics/timers';
import { type Place, surrounded } from '../cloudflare/surroundings';
import { copyOf, thrownThere } from '../cloudflare/thrown';
import { native } from '../engine/native';
import type { End, Owner } from '../web/end';
import type { Actor, Task } from './actor';
import { Blocks } from './blocks';
import { resetBy } from './errors';
import { currentEvent, ObjectEvent, within } from './event';
import { DurableObjectState } from './state';
import type { ObjectStore } from './storage';
import { endTimers } from './time';

export class Life implements Owner {
  /** What the class made. */
  instance: any;
  /** Why it was reset. */
  failure: Error | undefined;
  readonly timers = new Set<unknown>();
  readonly state: DurableObjectState;
  readonly store: ObjectStore;
  /** Not all that was written before what waits to be sent is kept. */
  private isLost = false;
  private isAsleep = false;
  private readonly running = new Set<Task>();
  /** Promises that keep it awake, beside events. */
  private pins = 0;
  readonly blocks = new Blocks(() => {
    this.actor.pump();
    this.touch();
  });
  /** Ends that its own code listens to. */
  private readonly ends = new Set<End>();
  private readonly idleTimer: NodeJS.Timeout | undefined;
  private readonly place: Place = async (call) => {
    if (this.failure !== undefined) throw new Error(NOT_RUNNING);
    return this.actor.deliver(call).catch((error) => {
      throw error === this.failure ? copyOf(error) : thrownThere(error, this.actor.id.toString());
    });
  };

  constructor(readonly actor: Actor) {
    const { kind, id } = actor;
    const { host } = kind;
    this.store = host.state.object(kind.key, id.toString(), {
      name: id.name,
      sql: kind.sql,
      alarmHandler: typeof kind.Class.prototype.alarm === 'function',
      deleteAllDeletesAlarm: host.deleteAllDeletesAlarm,
      exclusively: (body) => this.block(body),
      broken: (error) => {
        this.isLost = true;
        this.reset(error);
      },
    });
    this.state = new DurableObjectState(this, this.store.storage);
    if (host.hibernateAfter > 0) this.idleTimer = setTimeout(() => this.sleepIfIdle(), host.hibernateAfter).unref();
  }

  /** Makes the instance; the life has failed if that fails. */
  construct(): void {
    const { kind } = this.actor;
    try {
      this.instance = this.surround(new ObjectEvent(this), () => new kind.Class(this.state, kind.host.env));
    } catch (error) {
      this.reset(error);
    }
  }

  get isIdle(): boolean {
    if (this.isBusy || this.pins > 0 || this.timers.size > 0) return false;
    for (const end of this.ends) if (end.readyState === 3) this.ends.delete(end);
    return this.ends.size === 0;
  }

  get isBusy(): boolean {
    return this.running.size > 0 || this.blocks.any;
  }

  /** Runs an event. Other events start while it waits for something. */
  start(task: Task): void {
    const event = new ObjectEvent(this);
    this.running.add(task);
    let result: unknown;
    try {
      result = this.surround(event, () => task.work(this, event));
    } catch (error) {
      return this.finish(task, () => task.reject(error));
    }
    if (!isThenable(result)) return this.finish(task, () => task.resolve(result));
    Promise.resolve(result).then(
      (value) => this.finish(task, () => task.resolve(value)),
      (error) => this.finish(task, () => task.reject(error)),
    );
    if (task.timeout !== undefined) {
      const timer = setTimeout(() => this.cutOff(task, event), task.timeout).unref();
      task.onend = () => clearTimeout(timer);
    }
  }

  /** Runs code as part of an event. */
  surround<T>(event: ObjectEvent, run: () => T): T {
    const { env, exports } = this.actor.kind.host;
    const asking = <A>(ask: () => Promise<A>) => this.asking(event, ask);
    return surrounded({ env, exports, event, asking, place: this.place, waitUntil: (promise) => this.waitUntil(promise) }, run);
  }

  /** Asks somebody outside. What comes back is heard only as long as the event goes on. */
  asking<T>(event: ObjectEvent, ask: () => Promise<T>): Promise<T> {
    this.beforeOutput();
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const asked = ask();
    this.pin(asked);
    // The answer comes as an event does: those that wait begin before it.
    return within(event, asked, setImmediate);
  }

  waitUntil(promise: unknown): void {
    const waited = Promise.resolve(promise);
    waited.catch(report);
    this.pin(waited);
  }

  /** Lets no other event start until `body` is done. */
  block<T>(body: () => T | Promise<T>): Promise<T> {
    return this.blocks.hold(currentEvent()?.section, (section) => this.surround(new ObjectEvent(this, section), body));
  }

  /** The same for the program, whose object is reset where it fails. Then this never settles. */
  blockConcurrencyWhile<T>(body: () => T | Promise<T>): Promise<T> {
    const late = setTimeout(() => this.reset(new Error(TOO_LONG)), LONGEST_BLOCK).unref();
    return new Promise((resolve) => {
      this.block(async () => body())
        .then(resolve, (error) => this.reset(error))
        .finally(() => clearTimeout(late));
    });
  }

  /** What was written is kept before anybody else learns of it. Where it is not, nobody does. */
  beforeOutput(): boolean {
    if (this.store.dirty) this.store.commit();
    return !this.isLost;
  }

  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  run(event: () => void, again: () => void): boolean {
    if (this.failure !== undefined) return true;
    if (this.blocks.any) {
      this.blocks.whenAdmitted(undefined, again);
      return false;
    }
    this.surround(new ObjectEvent(this), event);
    this.touch();
    return true;
  }

  /** It has an end of its own. */
  has(end: End): void {
    this.ends.add(end);
  }

  /** Ends it at once: who waits for it hears why, its sockets are dropped, what is not kept yet is lost. */
  reset(cause: unknown): void {
    if (this.failure !== undefined || this.isAsleep) return;
    const failure = resetBy(cause);
    this.failure = failure;
    this.isLost ||= this.store.dirty;
    clearTimeout(this.idleTimer);
    endTimers(this.timers, () => true);
    this.store.discard(failure);
    for (const task of this.running) task.reject(failure);
    this.running.clear();
    this.actor.failed(this, failure);
    for (const { side } of this.ends) {
      side.takeBack();
      side.detach(native.pairAbandon);
    }
    this.instance = undefined;
  }

  /** Something happened: it does not sleep for a while. */
  touch(): void {
    if (this.failure === undefined && !this.isAsleep) this.idleTimer?.refresh();
  }

  sleepIfIdle(): boolean {
    if (this.failure !== undefined || this.isAsleep) return false;
    if (!this.isIdle || this.actor.isAwaited) {
      this.idleTimer?.refresh();
      return false;
    }
    this.sleep();
    return true;
  }

  /** What it wrote is kept, and the instance let go of. */
  sleep(): void {
    clearTimeout(this.idleTimer);
    endTimers(this.timers, () => true);
    this.store.close();
    this.isAsleep = true;
    this.actor.asleep(this);
    // A stub may still know of this life.
    this.instance = undefined;
  }

  private pin(promise: Promise<unknown>): void {
    this.pins++;
    const release = () => {
      this.pins--;
      this.touch();
    };
    promise.then(release, release);
  }

  private finish(task: Task, settle: () => void): void {
    if (!this.running.has(task)) return;
    // Who is told may rely on what was written. Where that fails, the reset tells.
    if (this.store.dirty) this.store.commit();
    if (!this.running.delete(task)) return;
    task.onend?.();
    settle();
    this.touch();
  }

  private cutOff(task: Task, event: ObjectEvent): void {
    event.cut = true;
    endTimers(this.timers, (of) => of === event);
    if (this.running.delete(task)) task.resolve(undefined);
    this.touch();
  }
}

function isThenable(value: unknown): boolean {
  return typeof (Object(value) as { then?: unknown }).then === 'function';
}

const NOT_RUNNING = 'The execution context which hosts this callback is no longer running.';
const LONGEST_BLOCK = 30_000;
const TOO_LONG =
  'A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset.';

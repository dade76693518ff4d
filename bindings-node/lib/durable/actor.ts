/** An object, awake or asleep: one queue of events, of which each begins in a task of its own. */

import { Fifo } from '../basics/fifo';
import { setImmediate } from '../basics/timers';
import { resetBy } from './errors';
import type { ObjectEvent } from './event';
import type { DurableObjectId } from './id';
import type { Kind } from './kind';
import { Life } from './life';
import { ObjectSockets } from './sockets';

/** An event that waits, or is being answered. */
export interface Task {
  work(life: Life, event: ObjectEvent): unknown;
  resolve(value: any): void;
  reject(error: unknown): void;
  /** Milliseconds after which it is cut off. */
  readonly timeout?: number | undefined;
  onend?: () => void;
}

// The module would wait for its own class.
const TOO_EARLY =
  'Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating ' +
  'random values are not allowed within global scope. To fix this error, perform this operation within a handler.';

const TOO_LATE = 'The Worker of this Durable Object is not served any more.';

export class Actor {
  life: Life | undefined;
  readonly sockets = new ObjectSockets(this);
  private readonly line = new Fifo<Task>();
  private isDue = false;

  /** @param id with its name, if it was reached by that */
  constructor(
    readonly kind: Kind,
    readonly id: DurableObjectId,
  ) {}

  /** Has the object answer an event, once it is awake and those before have begun. */
  deliver<T>(work: (life: Life, event: ObjectEvent) => T | Promise<T>, timeout?: number): Promise<T> {
    if (!this.kind.isLoaded) return Promise.reject(new Error(TOO_EARLY));
    if (this.kind.host.isClosed) return Promise.reject(new Error(TOO_LATE));
    return new Promise((resolve, reject) => {
      this.line.push({ work, resolve, reject, timeout });
      this.pump();
    });
  }

  /** Whether somebody waits for it. */
  get isAwaited(): boolean {
    return this.line.length > 0;
  }

  get isBusy(): boolean {
    return this.isAwaited || this.life?.isBusy === true;
  }

  /** Sees to it that the next event begins, in a task of its own. */
  pump(): void {
    if (this.isDue || this.line.length === 0 || this.life?.blocks.any) return;
    this.isDue = true;
    // A whole turn: whatever a storage operation resolves has run by then.
    setImmediate(() => {
      this.isDue = false;
      this.beginNext();
      this.pump();
    });
  }

  /** Its life ended by a failure, or could not begin. */
  failed(life: Life | undefined, failure: Error): void {
    if (this.life === life) this.life = undefined;
    for (let task; (task = this.line.shift()) !== undefined; ) task.reject(failure);
    this.sockets.drop();
    this.leaveIfUnused();
  }

  asleep(life: Life): void {
    if (this.life === life) this.life = undefined;
    this.sockets.forget();
    this.leaveIfUnused();
  }

  leaveIfUnused(): void {
    if (this.life === undefined && this.line.length === 0 && this.sockets.size === 0) this.kind.release(this);
  }

  private beginNext(): void {
    if (this.line.length === 0) return;
    if (this.kind.host.isClosed) return this.failed(this.life, new Error(TOO_LATE));
    const life = this.life ?? this.wake();
    // Its constructor may have failed, or asked for time.
    if (life === undefined || life.blocks.any) return;
    life.start(this.line.shift()!);
  }

  private wake(): Life | undefined {
    let life: Life;
    try {
      life = new Life(this);
    } catch (error) {
      // As where its state cannot be opened any more.
      this.failed(undefined, resetBy(error));
      return undefined;
    }
    this.life = life;
    life.construct();
    return life.failure === undefined ? life : undefined;
  }
}

/**
 * When what an object writes is committed: the first write of a turn opens a transaction, which
 * ends with the turn, or before the first output of the object, whichever comes first. So all that
 * is written without an await between is there whole, or not at all.
 */

import { setImmediate } from '../../basics/timers';
import { primaryCode } from './result-codes';
import { sqlError } from './sql-errors';
import { SqliteFailure } from './sqlite';
import type { Store } from './store';

export interface JournalHost {
  /** Before and after a commit, and with what was decided by it. */
  committing(): void;
  committed(): void;
  /** What was written is lost, so that the object must begin anew. Called once. */
  broken(error: Error): void;
}

export class Journal {
  /** A transaction is open. */
  private open = false;
  /** Marks within it. */
  private marks = 0;
  private scheduled = false;
  private failure: Error | undefined;

  constructor(
    private readonly store: Store,
    private readonly host: JournalHost,
  ) {}

  get dirty(): boolean {
    return this.open;
  }

  /** Whether code runs within a transaction of the program's own. */
  get nested(): boolean {
    return this.marks > 0;
  }

  /** Throws if the object is no more. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** To be called before each write. */
  write(): void {
    this.check();
    if (this.open) return;
    this.attempt(() => this.store.begin());
    this.open = true;
    this.commitLater();
  }

  /** Gives whether nothing is lost. Does nothing within a transaction that may still be rolled back. */
  commit(): boolean {
    if (this.failure !== undefined) return false;
    if (!this.open || this.marks > 0) return true;
    try {
      this.host.committing();
      this.store.commit();
    } catch (error) {
      this.fail(lost(error));
      return false;
    }
    this.open = false;
    this.host.committed();
    return true;
  }

  /** Does something with the store, whose errors are told as the runtime tells them. */
  attempt<T>(call: () => T): T {
    this.check();
    try {
      return call();
    } catch (error) {
      this.verify(error);
      throw sqlError(error);
    }
  }

  /**
   * After an error of the store: where a write cannot be done, or all of this turn was rolled back, nothing of it may
   * be relied on.
   */
  verify(error: unknown): void {
    if (this.failure !== undefined) return;
    const cannot = error instanceof SqliteFailure && fatal.has(primaryCode(error.code));
    if (cannot || (this.open && this.store.inTransaction === false)) this.fail(lost(error));
  }

  /** Rolls back what is not committed. Everything later throws `error`. */
  end(error: Error): void {
    this.failure ??= error;
    if (!this.open) return;
    this.open = false;
    try {
      this.store.rollback();
    } catch {
      // It is what closing does, too.
    }
  }

  /** A mark to which can be gone back. */
  mark(): Mark {
    this.write();
    const number = this.marks + 1;
    this.attempt(() => this.store.save(number));
    this.marks = number;
    let done = false;
    const finish = (undo: boolean) => {
      if (done) return;
      done = true;
      this.marks--;
      this.check();
      this.attempt(() => {
        if (undo) this.store.rollbackTo(number);
        this.store.release(number);
      });
      // The turn in which it was opened may long be over.
      if (this.marks === 0) this.commitLater();
    };
    return { keep: () => finish(false), undo: () => finish(true) };
  }

  private commitLater(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.commit();
    });
  }

  private fail(error: Error): void {
    this.end(error);
    this.host.broken(error);
  }
}

/** Those that no other statement would mend: they may go unseen, as promises of writes are seldom awaited. */
const fatal = new Set(['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_NOMEM', 'SQLITE_READONLY']);

export interface Mark {
  keep(): void;
  undo(): void;
}

function lost(error: unknown): Error {
  const { message } = sqlError(error) as Error;
  return new Error(`What the Durable Object wrote could not be stored: ${message}`, { cause: error });
}

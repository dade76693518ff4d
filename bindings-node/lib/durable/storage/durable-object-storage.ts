/** What a program gets as `ctx.storage`. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from '../../basics/timers';
import { conceal } from '../../web/expose';
import { type AlarmAccess, alarmOf, deleteAlarm, setAlarm } from './alarm-calls';
import { illegalInvocation, isObject, notOfType } from './messages';
import type { SqlStorage } from './sql';
import type { SyncKvStorage } from './sync-kv';
import { DurableObjectTransaction } from './transaction';
import type { GetOptions, ListOptions, PutOptions } from './options';
import { get, list, put, remove, toPut } from './values';

export interface StorageAccess extends AlarmAccess {
  /** Nothing else of the object begins until it settles. */
  exclusively<T>(body: () => Promise<T>): Promise<T>;
  deleteAll(): void;
  /** The end of the last transaction that was begun outside of others. */
  lastTransaction: Promise<unknown>;
}

const NAME = 'DurableObjectStorage';

const NO_RECOVERY = "This Durable Object's storage back-end does not implement point-in-time recovery.";

/** The transaction within which code runs, and the end of the last one within it. */
interface Scope {
  open: boolean;
  last: Promise<unknown>;
}
const scopes = new AsyncLocalStorage<Scope>();

export class DurableObjectStorage {
  declare readonly kv: SyncKvStorage;
  declare readonly sql: SqlStorage;
  readonly #access: StorageAccess;

  constructor(access: StorageAccess, parts: { kv: SyncKvStorage; sql: SqlStorage }) {
    this.#access = access;
    Object.assign(this, parts);
  }

  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  get<T = unknown>(keys: string[], options?: GetOptions): Promise<Map<string, T>>;
  async get(...given: unknown[]): Promise<any> {
    return get(DurableObjectStorage.#of(this), NAME, given);
  }

  put<T>(key: string, value: T, options?: PutOptions): Promise<void>;
  put<T>(entries: Record<string, T>, options?: PutOptions): Promise<void>;
  async put(...given: unknown[]): Promise<void> {
    const access = DurableObjectStorage.#of(this);
    put(access, toPut(NAME, given));
  }

  /** Whether there was one, or how many there were. */
  delete(key: string, options?: PutOptions): Promise<boolean>;
  delete(keys: string[], options?: PutOptions): Promise<number>;
  delete(...given: unknown[]): Promise<any> {
    // The one of which the runtime throws this at once.
    if (given.length === 0) throw notOfType('delete', NAME, 1, 'string or Array');
    return DurableObjectStorage.#delete(DurableObjectStorage.#of(this), given);
  }

  /** In the order of the UTF-8 bytes of the keys. */
  list<T = unknown>(options?: ListOptions & GetOptions): Promise<Map<string, T>>;
  async list(...given: unknown[]): Promise<Map<string, any>> {
    return list(DurableObjectStorage.#of(this), NAME, given);
  }

  /** Everything, tables of SQL too; and the alarm, unless the compatibility date is before 2026-02-24. */
  deleteAll(options?: PutOptions): Promise<void>;
  async deleteAll(): Promise<void> {
    DurableObjectStorage.#of(this).deleteAll();
  }

  /** Milliseconds since 1970; null while its handler runs. */
  getAlarm(options?: GetOptions): Promise<number | null>;
  async getAlarm(): Promise<number | null> {
    return alarmOf(DurableObjectStorage.#of(this));
  }

  setAlarm(scheduledTime: number | Date, options?: PutOptions): Promise<void>;
  async setAlarm(...given: unknown[]): Promise<void> {
    const access = DurableObjectStorage.#of(this);
    setAlarm(access, NAME, given, () => {});
  }

  deleteAlarm(options?: PutOptions): Promise<void>;
  async deleteAlarm(): Promise<void> {
    deleteAlarm(DurableObjectStorage.#of(this));
  }

  /** Resolves once everything that was written is on the disk. */
  async sync(): Promise<void> {
    const { journal } = DurableObjectStorage.#of(this);
    journal.commit();
    journal.check();
    // Others may begin meanwhile: one that waits already does so behind this turn.
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Runs `closure`, and rolls back what it wrote if it fails. No event begins meanwhile. */
  async transaction<T>(closure: (transaction: DurableObjectTransaction) => T | Promise<T>): Promise<T> {
    const access = DurableObjectStorage.#of(this);
    if (typeof closure !== 'function') throw notOfType('transaction', NAME, 1, 'function');
    const around = scopes.getStore();
    if (around?.open !== true) {
      return access.exclusively(() => {
        const done = access.lastTransaction.then(() => transact(access, closure));
        access.lastTransaction = done.catch(() => {});
        return done;
      });
    }
    // Within another one: after those that were begun there before.
    const done = around.last.then(() => transact(access, closure));
    around.last = done.catch(() => {});
    return done;
  }

  /** The same for what needs no await. */
  transactionSync<T>(closure: () => T): T {
    const { journal } = DurableObjectStorage.#of(this);
    if (typeof closure !== 'function') throw notOfType('transactionSync', NAME, 1, 'function');
    const mark = journal.mark();
    let value: T;
    try {
      value = closure();
    } catch (error) {
      mark.undo();
      throw error;
    }
    mark.keep();
    return value;
  }

  async getCurrentBookmark(): Promise<string> {
    DurableObjectStorage.#of(this).journal.check();
    return '00000000-00000000-00000000-00000000000000000000000000000000';
  }

  getBookmarkForTime(timestamp: number | Date): Promise<string>;
  async getBookmarkForTime(...given: unknown[]): Promise<string> {
    if (given.length === 0) throw notOfType('getBookmarkForTime', NAME, 1, 'date');
    throw new Error(NO_RECOVERY);
  }

  onNextSessionRestoreBookmark(bookmark: string): Promise<string>;
  async onNextSessionRestoreBookmark(...given: unknown[]): Promise<string> {
    if (given.length === 0) throw notOfType('onNextSessionRestoreBookmark', NAME, 1, 'string');
    throw new Error(NO_RECOVERY);
  }

  static async #delete(access: StorageAccess, given: unknown[]): Promise<any> {
    return remove(access, NAME, given);
  }

  static #of(storage: object): StorageAccess {
    if (!isObject(storage) || !(#access in storage)) throw illegalInvocation();
    return storage.#access;
  }
}
conceal(DurableObjectStorage, NAME);

async function transact<T>(access: StorageAccess, closure: (transaction: DurableObjectTransaction) => T | Promise<T>): Promise<T> {
  // What was written before must not wait for what may take long.
  access.journal.commit();
  const transaction = new DurableObjectTransaction(access, access.journal.mark());
  const scope: Scope = { open: true, last: Promise.resolve() };
  let keep = false;
  try {
    const value = await scopes.run(scope, async () => closure(transaction));
    keep = true;
    return value;
  } finally {
    scope.open = false;
    DurableObjectTransaction.finish(transaction, keep);
  }
}

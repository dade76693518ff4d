/** The storage of one instance of an object: what its program gets, and what its host does with it. */

import type { AlarmInfo } from './alarms';
import { DurableObjectStorage, type StorageAccess } from './durable-object-storage';
import { Journal } from './journal';
import { sqlError } from './sql-errors';
import { SqlStorage } from './sql';
import { SqliteStore } from './sqlite-store';
import type { Alarm, Store } from './store';
import { SyncKvStorage } from './sync-kv';

/** What the storage asks of the host of an object. */
export interface ObjectHost {
  /** What the object is called, where it is known. */
  readonly name: string | undefined;
  /** Whether its class has the SQL API. */
  readonly sql: boolean;
  /** Whether its class has a handler for alarms. */
  readonly alarmHandler: boolean;
  /** Whether `deleteAll` deletes the alarm: since 2026-02-24. */
  readonly deleteAllDeletesAlarm: boolean;
  /** Runs it as blockConcurrencyWhile does, but a failure is the caller's alone. */
  exclusively<T>(body: () => Promise<T>): Promise<T>;
  /** What the object wrote is lost: it is to be reset with this error. Called once; everything later throws it. */
  broken(error: Error): void;
}

/** Who is told of the alarm that is about to be committed, and that is. */
export interface AlarmWatcher {
  before(alarm: Alarm | undefined): void;
  after(alarm: Alarm | undefined): void;
}

export class ObjectStore {
  readonly storage: DurableObjectStorage;
  private readonly journal: Journal;
  private alarmTouched = false;
  private running: number | undefined;
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly host: ObjectHost,
    private readonly alarms: AlarmWatcher,
    private readonly gone: () => void,
  ) {
    this.journal = new Journal(store, {
      committing: () => this.alarmTouched && alarms.before(this.store.alarm()),
      committed: () => {
        if (!this.alarmTouched) return;
        this.alarmTouched = false;
        alarms.after(this.store.alarm());
      },
      broken: (error) => {
        this.finish();
        host.broken(error);
      },
    });
    const access = this.access();
    this.storage = new DurableObjectStorage(access, {
      kv: new SyncKvStorage(host.sql ? access : new Error(NO_SYNC_KV)),
      sql: new SqlStorage(!host.sql ? new Error(NO_SQL) : store instanceof SqliteStore ? { file: store.file, journal: this.journal } : new Error(NO_SQLITE)),
    });
  }

  /** Whether something is written that is not committed. */
  get dirty(): boolean {
    return this.journal.dirty;
  }

  /**
   * Commits what is written, unless it belongs to a transaction that is not at its end. To be
   * called before anything leaves the object; it also happens by itself when the turn ends. False:
   * it could not be, and `broken` was called.
   */
  commit(): boolean {
    return this.journal.commit();
  }

  /** Rolls back what is not committed. Later use throws `error`. */
  discard(error: Error): void {
    this.journal.end(error);
    this.finish();
  }

  /** The alarm that is set, and runs or is to run. */
  get alarm(): Alarm | undefined {
    return this.store.alarm();
  }

  /** Commits, and closes the database. Later use throws. */
  close(): void {
    this.journal.commit();
    this.discard(new Error('The Durable Object is no longer running.'));
  }

  /** What the handler of a due alarm gets: undefined if there is none any more. `retries`: how often it failed. */
  beginAlarm(retries: number): AlarmInfo | undefined {
    this.journal.check();
    const alarm = this.store.alarm();
    if (alarm === undefined || this.running !== undefined) return undefined;
    this.running = alarm.id;
    return new AlarmInvocationInfo(alarm.time, retries);
  }

  /** After the handler: what succeeded is deleted, unless it has set another. */
  endAlarm(failed: boolean): void {
    const id = this.running;
    this.running = undefined;
    if (!failed) this.deleteAlarm(id);
  }

  /** `id`: that one, if it is still there. */
  deleteAlarm(id: number | undefined): void {
    this.journal.check();
    if (id === undefined || this.store.alarm()?.id !== id) return;
    this.journal.write();
    this.store.setAlarm(undefined);
    this.alarmTouched = true;
    this.journal.commit();
  }

  private access(): StorageAccess {
    const { store, journal, host } = this;
    const running = () => this.running;
    return {
      store,
      journal,
      name: host.name,
      alarmHandler: host.alarmHandler,
      get running() {
        return running();
      },
      alarmTouched: () => (this.alarmTouched = true),
      lastTransaction: Promise.resolve(),
      exclusively: (body) => host.exclusively(body),
      deleteAll: () => this.deleteAll(),
    };
  }

  private deleteAll(): void {
    this.journal.check();
    if (this.journal.nested) throw new Error('Cannot call deleteAll() within a transaction');
    this.journal.commit();
    this.journal.check();
    if (this.host.deleteAllDeletesAlarm && this.store.alarm() !== undefined) {
      this.store.setAlarm(undefined);
      this.alarms.after(undefined);
    }
    try {
      this.store.clear();
    } catch (error) {
      throw sqlError(error);
    }
  }

  private finish(): void {
    if (this.closed) return;
    this.closed = true;
    this.store.close();
    this.gone();
  }
}

class AlarmInvocationInfo implements AlarmInfo {
  readonly isRetry: boolean;

  constructor(
    readonly scheduledTime: number,
    readonly retryCount: number,
  ) {
    this.isRetry = retryCount > 0;
  }
}

const NO_SQL =
  "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly,set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production.";

const NO_SYNC_KV = "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` itself (e.g. `storage.get()`). Alternatively, to enable SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml file. If using workerd directly, set `enableSql = true` in your workerd config for the class. Note that this change cannot be made after the class is already deployed to production.";

const NO_SQLITE = 'wspair: the SQL API needs Node 22.16 or later, or "npm install better-sqlite3"';

/** What the host of Durable Objects and their storage know of each other. */

/** What the storage of one life of an object asks of the host. */
export interface ObjectHost {
  /** The object's, kept with an alarm. */
  readonly name: string | undefined;
  readonly sql: boolean;
  /** Whether its class has `alarm()`. */
  readonly alarmHandler: boolean;
  readonly deleteAllDeletesAlarm: boolean;
  /** Lets no other event start until the promise settles. */
  exclusively<T>(body: () => Promise<T>): Promise<T>;
  /** What was written cannot be kept: the object is reset. */
  broken(error: Error): void;
}

export interface AlarmInfo {
  scheduledTime: number;
  retryCount: number;
  isRetry: boolean;
}

/** What one life of an object has of its storage. */
export interface ObjectStore {
  /** What the program gets as `ctx.storage`. */
  readonly storage: any;
  /** Whether something was written and not committed. */
  readonly dirty: boolean;
  commit(): void;
  /** Rolls back; `storage` throws `error` from then on. */
  discard(error: Error): void;
  /** Commits and closes. */
  close(): void;
  readonly alarm: { begin(): AlarmInfo | undefined; end(failed: boolean): void };
}

/** All pending alarms. */
export interface Alarms {
  start(run: (entry: { key: string; id: string; name?: string; retryCount: number }) => Promise<'done' | 'failed'>): void;
  /** When the next one is due, in milliseconds. */
  next(): number | undefined;
  stop(): void;
}

export interface State {
  /** Of a class, 64 hexadecimal digits; kept from its first use. */
  namespaceKey(worker: string, className: string, formerly?: string[]): string;
  object(key: string, id: string, host: ObjectHost): ObjectStore;
  readonly alarms: Alarms;
  close(): void;
}

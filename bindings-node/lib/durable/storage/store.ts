/** What the storage of one object stands on: keys and values, an alarm, transactions. */

export interface Range {
  /** First key, and the first that is no more in it. */
  readonly start: string;
  readonly end: string | undefined;
  readonly reverse: boolean;
  readonly limit: number;
}

export interface Alarm {
  /** Another for each that is set. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What the object is called, so that it can be woken by it. */
  readonly name: string | undefined;
}

export type Entry = [key: string, value: Uint8Array];

export interface Store {
  get(key: string): Uint8Array | undefined;
  put(key: string, value: Uint8Array): void;
  /** Whether there was one. */
  delete(key: string): boolean;
  /** In the order of the UTF-8 bytes of the keys. What is written meanwhile is seen. */
  entries(range: Range): Iterable<Entry>;
  /** Everything but the alarm. Not within a transaction. */
  clear(): void;

  alarm(): Alarm | undefined;
  setAlarm(alarm: Alarm | undefined): void;

  begin(): void;
  commit(): void;
  rollback(): void;
  /**
   * Marks within a transaction, to go back to. They are given up in the order opposite to that in which they were made.
   */
  save(mark: number): void;
  release(mark: number): void;
  rollbackTo(mark: number): void;

  /** Whether a transaction that was begun is still there, where that can be told: some errors end it. */
  readonly inTransaction: boolean | undefined;

  /** Ends the use of it by an object. What is stored stays. */
  close(): void;
}

/** Orders as the bytes of UTF-8 are ordered. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The first key that is behind all keys with a prefix, if there is one. */
export function behindPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // What is reserved for surrogates is no character.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

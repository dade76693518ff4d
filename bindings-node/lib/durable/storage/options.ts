/** What the calls of keys and values take. */

/** Accepted, and without effect: reads never wait, and nothing is cached beside SQLite. */
export interface GetOptions {
  allowConcurrency?: boolean;
  noCache?: boolean;
}

/** Accepted, and without effect: every write is committed before what follows it leaves. */
export interface PutOptions {
  allowConcurrency?: boolean;
  allowUnconfirmed?: boolean;
  noCache?: boolean;
}

export interface ListOptions {
  /** The first key. */
  start?: string;
  /** The key behind which the first one is. Not with `start`. */
  startAfter?: string;
  /** The first key that is no more listed. */
  end?: string;
  prefix?: string;
  /** From the last key on. */
  reverse?: boolean;
  /** Default: all of them. */
  limit?: number;
}

/**
 * What objects are stored with: SQLite, as whatever library of it there is. A library is six
 * functions: one that opens a file, and for what is open `exec`, `prepare`, `run`, `step` (the
 * iterator of `rows`) and `close`.
 */

/** What is given to a statement. Numbers are stored as REAL. */
export type Bound = null | number | string | Uint8Array;

/** What a row has. Integers beyond 2^53 are rounded, blobs are copies. */
export type Column = null | number | string | ArrayBuffer;

export interface Library {
  readonly name: string;
  /** `file` may be `:memory:`. */
  open(file: string): Database;
}

export interface Database {
  /** Runs statements for what they do. */
  exec(text: string): void;
  /** Exactly one statement, and the names of its parameters by position: of plain ones, undefined. */
  prepare(text: string, parameters?: readonly (string | undefined)[]): Statement;
  /** Whether what is written waits for a commit, where the library can tell. */
  readonly inTransaction: boolean | undefined;
  close(): void;
}

export interface Statement {
  readonly columns: readonly string[];
  /** Runs it to its end. Gives how many rows it changed. */
  run(bindings: readonly Bound[]): number;
  /** Begins it anew. Whoever stops before the end calls `return`. */
  rows(bindings: readonly Bound[]): Iterator<Column[], void, void>;
}

/** What every library throws, with SQLite's extended result code by its name. */
export class SqliteFailure extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

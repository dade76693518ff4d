/** How the databases and statements of a library become those of `sqlite.ts`: what the libraries have in common. */

import { type Bound, type Column, type Database, type SqliteFailure, type Statement } from './sqlite';

export interface NativeDatabase<S extends NativeStatement = NativeStatement> {
  exec(text: string): void;
  prepare(text: string): S;
  close(): void;
}

export interface NativeStatement {
  run(...bindings: unknown[]): { changes: number | bigint };
  iterate(...bindings: unknown[]): Iterator<unknown[]>;
}

/** In what a library differs from others. */
export interface Dialect<D extends NativeDatabase<S>, S extends NativeStatement> {
  inTransaction(native: D): boolean | undefined;
  /** Has a statement give rows as arrays, and integers as bigints. Gives the names of its columns. */
  prepared(native: S): readonly string[];
  /** Whether a statement has to be read to its end to be run. */
  mustBeRead(native: S): boolean;
  /** By which key of an object a parameter is bound; undefined: by its position. */
  keyOf(parameter: string): string | undefined;
  /** Whether that object comes before the others. */
  readonly namedFirst: boolean;
  /** What SQLite said, where an error is from it. */
  failureOf(error: any): SqliteFailure | undefined;
}

export class NativeLibraryDatabase<D extends NativeDatabase<S>, S extends NativeStatement> implements Database {
  private readonly native: D;

  constructor(
    private readonly dialect: Dialect<D, S>,
    open: () => D,
  ) {
    this.native = within(dialect, open);
  }

  get inTransaction(): boolean | undefined {
    return this.dialect.inTransaction(this.native);
  }

  exec(text: string): void {
    within(this.dialect, () => this.native.exec(text));
  }

  prepare(text: string, parameters: readonly (string | undefined)[] = []): Statement {
    return within(this.dialect, () => new NativeLibraryStatement(this.dialect, this.native.prepare(text), parameters));
  }

  close(): void {
    within(this.dialect, () => this.native.close());
  }
}

class NativeLibraryStatement<D extends NativeDatabase<S>, S extends NativeStatement> implements Statement {
  readonly columns: readonly string[];
  /** The keys of the parameters that have one, if any has. */
  private readonly keys: readonly (string | undefined)[] | undefined;

  constructor(
    private readonly dialect: Dialect<D, S>,
    private readonly native: S,
    parameters: readonly (string | undefined)[],
  ) {
    this.columns = dialect.prepared(native);
    const keys = parameters.map((name) => (name === undefined ? undefined : dialect.keyOf(name)));
    if (keys.some((key) => key !== undefined)) this.keys = keys;
  }

  run(bindings: readonly Bound[]): number {
    return within(this.dialect, () => {
      if (!this.dialect.mustBeRead(this.native)) return Number(this.native.run(...this.bound(bindings)).changes);
      for (const rows = this.native.iterate(...this.bound(bindings)); rows.next().done !== true; );
      return 0;
    });
  }

  rows(bindings: readonly Bound[]): Iterator<Column[], void, void> {
    const { dialect } = this;
    const rows = within(dialect, () => this.native.iterate(...this.bound(bindings)));
    return {
      next() {
        const { done, value } = within(dialect, () => rows.next());
        return done === true ? { done: true, value: undefined } : { done: false, value: value.map(column) };
      },
      return() {
        rows.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  private bound(bindings: readonly Bound[]): readonly unknown[] {
    const { keys } = this;
    if (keys === undefined) return bindings;
    const named: Record<string, Bound> = {};
    const plain: Bound[] = [];
    bindings.forEach((value, at) => {
      const key = keys[at];
      if (key === undefined) plain.push(value);
      else named[key] = value;
    });
    return this.dialect.namedFirst ? [named, ...plain] : [...plain, named];
  }
}

function column(value: unknown): Column {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return whole(value);
  return value as Column;
}

/** The buffer of a view that nobody else holds. */
function whole(view: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = view;
  return (buffer.byteLength === byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}

function within<T>({ failureOf }: { failureOf(error: unknown): SqliteFailure | undefined }, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failureOf(error) ?? error;
  }
}

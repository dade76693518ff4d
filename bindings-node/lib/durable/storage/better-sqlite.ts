/** The package `better-sqlite3`, where somebody installed it: what there is on Node 20. */

import { createRequire } from 'node:module';
import path from 'node:path';
import { type Bound, type Column, type Database, type Library, SqliteFailure, type Statement } from './sqlite';

interface NativeDatabase {
  exec(text: string): void;
  prepare(text: string): NativeStatement;
  unsafeMode(on: boolean): void;
  readonly inTransaction: boolean;
  close(): void;
}
interface NativeStatement {
  readonly reader: boolean;
  raw(on: boolean): void;
  safeIntegers(on: boolean): void;
  columns(): { name: string }[];
  run(...bindings: unknown[]): { changes: number };
  iterate(...bindings: unknown[]): Iterator<unknown[]>;
}

export function betterSqlite(): Library | undefined {
  const Native = load();
  if (Native === undefined) return undefined;
  return {
    name: 'better-sqlite3',
    open: (file) => within(() => new BetterDatabase(new Native(file))),
  };
}

/** From beside this package, else from the program's own folder. */
function load(): (new (file: string) => NativeDatabase) | undefined {
  for (const from of [__filename, path.join(process.cwd(), 'package.json'), path.resolve(process.argv[1] ?? '.')]) {
    try {
      const Native = createRequire(from)('better-sqlite3');
      // Its binary may be missing, or of another Node.
      new Native(':memory:').close();
      return Native;
    } catch {}
  }
  return undefined;
}

class BetterDatabase implements Database {
  constructor(private readonly native: NativeDatabase) {
    // Else nothing can be written while a cursor is open.
    native.unsafeMode(true);
  }

  get inTransaction(): boolean {
    return this.native.inTransaction;
  }

  exec(text: string): void {
    within(() => this.native.exec(text));
  }

  prepare(text: string, parameters: readonly (string | undefined)[] = []): Statement {
    return within(() => new BetterStatement(this.native.prepare(text), parameters));
  }

  close(): void {
    within(() => this.native.close());
  }
}

class BetterStatement implements Statement {
  readonly columns: readonly string[];
  private readonly named: boolean;

  constructor(
    private readonly native: NativeStatement,
    private readonly parameters: readonly (string | undefined)[],
  ) {
    if (native.reader) {
      native.raw(true);
      native.safeIntegers(true);
    }
    this.columns = native.reader ? native.columns().map(({ name }) => name) : [];
    this.named = parameters.some((name) => name !== undefined);
  }

  run(bindings: readonly Bound[]): number {
    return within(() => {
      // It refuses to run what has rows for its effect only.
      if (this.native.reader) {
        for (const rows = this.native.iterate(...this.bound(bindings)); rows.next().done !== true; );
        return 0;
      }
      return this.native.run(...this.bound(bindings)).changes;
    });
  }

  rows(bindings: readonly Bound[]): Iterator<Column[], void, void> {
    const rows = within(() => this.native.iterate(...this.bound(bindings)));
    return {
      next() {
        const { done, value } = within(() => rows.next());
        return done === true ? { done: true, value: undefined } : { done: false, value: value.map(column) };
      },
      return() {
        rows.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** Those with names go in an object, without the sign before them, the others by position. */
  private bound(bindings: readonly Bound[]): unknown[] {
    if (!this.named) return bindings as Bound[];
    const named: Record<string, Bound> = {};
    const plain: Bound[] = [];
    bindings.forEach((value, i) => {
      const name = this.parameters[i];
      if (name === undefined) plain.push(value);
      else named[name.slice(1)] = value;
    });
    return plain.length > 0 ? [...plain, named] : [named];
  }
}

function column(value: unknown): Column {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) as ArrayBuffer;
  return value as Column;
}

function within<T>(call: () => T): T {
  try {
    return call();
  } catch (error: any) {
    if (!String(error?.code).startsWith('SQLITE_')) throw error;
    throw new SqliteFailure(error.message, error.code);
  }
}

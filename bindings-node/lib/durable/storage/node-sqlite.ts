/** `node:sqlite`: what it needs is there in Node 22.16 and later. */

import { resultCode } from './result-codes';
import { type Bound, type Column, type Database, type Library, SqliteFailure, type Statement } from './sqlite';

/** What this file uses of it: older declarations of Node's types have none of it. */
interface Native {
  DatabaseSync: new (file: string, options?: object) => NativeDatabase;
}
interface NativeDatabase {
  exec(text: string): void;
  prepare(text: string): NativeStatement;
  readonly isTransaction?: boolean;
  close(): void;
}
interface NativeStatement {
  setReadBigInts(on: boolean): void;
  setReturnArrays(on: boolean): void;
  columns(): { name: string }[];
  run(...bindings: unknown[]): { changes: number | bigint };
  iterate(...bindings: unknown[]): Iterator<unknown[]>;
}

/** Those of the runtime. Taken by Node 24 and later, ignored before. */
const limits = { length: 16_000_000, sqlLength: 100_000, column: 100, exprDepth: 100, compoundSelect: 5, functionArg: 127, likePatternLength: 50, variableNumber: 100 };

export function nodeSqlite(): Library | undefined {
  const native = load();
  if (native === undefined) return undefined;
  return {
    name: 'node:sqlite',
    open: (file) => within(() => new NodeDatabase(new native.DatabaseSync(file, { enableForeignKeyConstraints: true, enableDoubleQuotedStringLiterals: true, limits }))),
  };
}

/** Without the warning that it is experimental: who runs objects has not asked for it by its name. */
function load(): Native | undefined {
  const emit = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const native: Native | undefined = (process as any).getBuiltinModule?.('node:sqlite');
    // Those before 22.13 have it behind a flag; those before 22.16 tell no columns.
    const usable = native !== undefined && 'setReturnArrays' in (native as any).StatementSync.prototype;
    return usable ? native : undefined;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emit;
  }
}

class NodeDatabase implements Database {
  constructor(private readonly native: NativeDatabase) {}

  get inTransaction(): boolean | undefined {
    return this.native.isTransaction;
  }

  exec(text: string): void {
    within(() => this.native.exec(text));
  }

  prepare(text: string, parameters: readonly (string | undefined)[] = []): Statement {
    return within(() => new NodeStatement(this.native.prepare(text), parameters));
  }

  close(): void {
    within(() => this.native.close());
  }
}

class NodeStatement implements Statement {
  readonly columns: readonly string[];
  private readonly named: boolean;

  constructor(
    private readonly native: NativeStatement,
    private readonly parameters: readonly (string | undefined)[],
  ) {
    native.setReadBigInts(true);
    native.setReturnArrays(true);
    this.columns = native.columns().map(({ name }) => name);
    this.named = parameters.some(isNamed);
  }

  run(bindings: readonly Bound[]): number {
    return within(() => Number(this.native.run(...this.bound(bindings)).changes));
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

  /** Those with names go in an object, the others by position. */
  private bound(bindings: readonly Bound[]): unknown[] {
    if (!this.named) return bindings as Bound[];
    const named: Record<string, Bound> = {};
    const plain: Bound[] = [];
    bindings.forEach((value, i) => {
      const name = this.parameters[i];
      if (isNamed(name)) named[name] = value;
      else plain.push(value);
    });
    return [named, ...plain];
  }
}

/** What has a number goes by its position, too. */
function isNamed(parameter: string | undefined): parameter is string {
  return parameter !== undefined && !parameter.startsWith('?');
}

function column(value: unknown): Column {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return whole(value);
  return value as Column;
}

/** The buffer of a view that nobody else holds. */
function whole(view: Uint8Array): ArrayBuffer {
  const { buffer, byteLength } = view;
  return (buffer.byteLength === byteLength ? buffer : view.slice().buffer) as ArrayBuffer;
}

function within<T>(call: () => T): T {
  try {
    return call();
  } catch (error: any) {
    if (error?.code !== 'ERR_SQLITE_ERROR') throw error;
    throw new SqliteFailure(error.message, resultCode(error.errcode));
  }
}

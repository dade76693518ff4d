/** `node:sqlite`: what it needs is there in Node 22.16 and later. */

import { type Dialect, type NativeDatabase, NativeLibraryDatabase, type NativeStatement } from './native-library';
import { resultCode } from './result-codes';
import { type Library, SqliteFailure } from './sqlite';

/** What this file uses of it: older declarations of Node's types have none of it. */
interface Native {
  DatabaseSync: new (file: string, options?: object) => NodeDatabase;
}
interface NodeDatabase extends NativeDatabase<NodeStatement> {
  readonly isTransaction?: boolean;
}
interface NodeStatement extends NativeStatement {
  setReadBigInts(on: boolean): void;
  setReturnArrays(on: boolean): void;
  columns(): { name: string }[];
}

const dialect: Dialect<NodeDatabase, NodeStatement> = {
  inTransaction: (native) => native.isTransaction,
  prepared(native) {
    native.setReadBigInts(true);
    native.setReturnArrays(true);
    return native.columns().map(({ name }) => name);
  },
  mustBeRead: () => false,
  // What has a number goes by its position, too.
  keyOf: (parameter) => (parameter.startsWith('?') ? undefined : parameter),
  namedFirst: true,
  failureOf: (error) => (error?.code === 'ERR_SQLITE_ERROR' ? new SqliteFailure(error.message, resultCode(error.errcode)) : undefined),
};

/** Those of the runtime. Taken by Node 24 and later, ignored before. */
const limits = { length: 16_000_000, sqlLength: 100_000, column: 100, exprDepth: 100, compoundSelect: 5, functionArg: 127, likePatternLength: 50, variableNumber: 100 };

export function nodeSqlite(): Library | undefined {
  const native = load();
  if (native === undefined) return undefined;
  const options = { enableForeignKeyConstraints: true, enableDoubleQuotedStringLiterals: true, limits };
  return {
    name: 'node:sqlite',
    open: (file) => new NativeLibraryDatabase(dialect, () => new native.DatabaseSync(file, options)),
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

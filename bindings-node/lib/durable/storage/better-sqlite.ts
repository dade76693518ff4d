/** The package `better-sqlite3`, where somebody installed it: what there is on Node 20. */

import { createRequire } from 'node:module';
import path from 'node:path';
import { type Dialect, type NativeDatabase, NativeLibraryDatabase, type NativeStatement } from './native-library';
import { type Library, SqliteFailure } from './sqlite';

interface BetterDatabase extends NativeDatabase<BetterStatement> {
  unsafeMode(on: boolean): void;
  readonly inTransaction: boolean;
}
interface BetterStatement extends NativeStatement {
  readonly reader: boolean;
  raw(on: boolean): void;
  safeIntegers(on: boolean): void;
  columns(): { name: string }[];
}

const dialect: Dialect<BetterDatabase, BetterStatement> = {
  inTransaction: (native) => native.inTransaction,
  prepared(native) {
    if (!native.reader) return [];
    native.raw(true);
    native.safeIntegers(true);
    return native.columns().map(({ name }) => name);
  },
  // It refuses to run what has rows for its effect only.
  mustBeRead: (native) => native.reader,
  // Without the sign before it. What has a number has that for its name.
  keyOf: (parameter) => parameter.slice(1),
  namedFirst: false,
  failureOf: (error) => (String(error?.code).startsWith('SQLITE_') ? new SqliteFailure(error.message, error.code) : undefined),
};

export function betterSqlite(): Library | undefined {
  const Native = load();
  if (Native === undefined) return undefined;
  return {
    name: 'better-sqlite3',
    open: (file) =>
      new NativeLibraryDatabase(dialect, () => {
        const native = new Native(file);
        // Else nothing can be written while a cursor is open.
        native.unsafeMode(true);
        return native;
      }),
  };
}

/** From beside this package, else from the program's own folder. */
function load(): (new (file: string) => BetterDatabase) | undefined {
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

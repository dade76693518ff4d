/** The databases of objects: opened when they are needed, and closed again so that not too many are open. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { primaryCode } from './result-codes';
import { type Bound, type Column, type Database, type Library, SqliteFailure, type Statement } from './sqlite';

/** Most files that are open at once. */
const MOST_OPEN = 256;

/** Most statements that an open database keeps, by their texts. */
const MOST_STATEMENTS = 100;

export type Durability = 'power' | 'process';

export class Files {
  /** Those that are open, the one that was used last at the end. */
  private readonly open = new Set<DatabaseFile>();

  constructor(
    private readonly library: Library,
    private readonly durability: Durability,
  ) {}

  /** Opens nothing yet. */
  file(where: string): DatabaseFile {
    return new DatabaseFile(where, this);
  }

  connect(where: string): Database {
    const db = this.library.open(where);
    try {
      // A file is not read before it has to be.
      db.exec(`PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000; PRAGMA synchronous = ${this.durability === 'power' ? 'FULL' : 'NORMAL'}`);
      if (where !== MEMORY) db.exec('PRAGMA journal_mode = WAL');
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  used(file: DatabaseFile): void {
    this.open.delete(file);
    this.open.add(file);
    if (this.open.size <= MOST_OPEN) return;
    for (const other of this.open) {
      if (this.open.size <= MOST_OPEN) return;
      if (other !== file && !other.busy) other.close();
    }
  }

  closed(file: DatabaseFile): void {
    this.open.delete(file);
  }
}

export const MEMORY = ':memory:';

export class DatabaseFile {
  /** It has a transaction open, which closing it would lose. */
  pinned = false;
  private connection: Connection | undefined;

  constructor(
    private readonly where: string,
    private readonly files: Files,
  ) {}

  get busy(): boolean {
    return this.pinned || (this.connection !== undefined && this.connection.reading.size > 0);
  }

  get inMemory(): boolean {
    return this.where === MEMORY;
  }

  /** Whether anything was ever written: what only reads makes no file. */
  get exists(): boolean {
    return this.connection !== undefined || (!this.inMemory && existsSync(this.where));
  }

  /** Opens it, and makes it where there is none. */
  get(): Connection {
    if (this.connection === undefined) {
      try {
        if (!this.inMemory) mkdirSync(path.dirname(this.where), { recursive: true });
        this.connection = new Connection(this.files.connect(this.where));
      } catch (error) {
        throw this.refusal(error);
      }
    }
    if (!this.inMemory) this.files.used(this);
    return this.connection;
  }

  private refusal(error: unknown): Error {
    const { message, code } = error as SqliteFailure;
    const damaged = error instanceof SqliteFailure && ['SQLITE_NOTADB', 'SQLITE_CORRUPT'].includes(primaryCode(code));
    return new Error(damaged ? `wspair: ${this.where} is damaged (${message})` : `wspair: cannot open ${this.where}: ${message}`, { cause: error });
  }

  close(): void {
    const { connection } = this;
    this.connection = undefined;
    this.pinned = false;
    this.files.closed(this);
    connection?.close();
  }

  /** Puts an empty database in its place, into which `fill` writes what is to stay. */
  renew(fill: ((db: Database) => void) | undefined): void {
    for (const reading of [...(this.connection?.reading ?? [])]) reading.cancel();
    this.close();
    if (this.inMemory) {
      fill?.(this.get().db);
      return;
    }
    // Closing has put the log of what was written into the file, so that it may go or be replaced.
    if (fill === undefined) rmSync(this.where, { force: true });
    else {
      const fresh = `${this.where}.new`;
      removeDatabase(fresh);
      const db = this.files.connect(fresh);
      try {
        fill(db);
      } finally {
        db.close();
      }
      renameSync(fresh, this.where);
    }
    for (const part of ['-wal', '-shm']) rmSync(this.where + part, { force: true });
    syncFolder(path.dirname(this.where));
  }
}

/** One open database, with the statements that were prepared for it. */
export class Connection {
  /** What is being read. */
  readonly reading = new Set<Reading>();
  private readonly idle = new Map<string, Statement[]>();
  private readonly own = new Map<string, Statement>();

  constructor(readonly db: Database) {}

  /** A statement of this package's own, each run of which ends before the next begins. */
  statement(text: string): Statement {
    let statement = this.own.get(text);
    if (statement === undefined) this.own.set(text, (statement = this.db.prepare(text)));
    return statement;
  }

  /** The first row that one of those gives. */
  first(text: string, bindings: readonly Bound[] = []): Column[] | undefined {
    const rows = this.statement(text).rows(bindings);
    const { done, value } = rows.next();
    rows.return?.();
    return done === true ? undefined : (value as Column[]);
  }

  /** A statement for nobody else until it is given back. */
  take(text: string, parameters?: readonly (string | undefined)[]): Statement {
    return this.idle.get(text)?.pop() ?? this.db.prepare(text, parameters);
  }

  giveBack(text: string, statement: Statement): void {
    const same = this.idle.get(text);
    if (same !== undefined) {
      if (same.length < 4) same.push(statement);
      return;
    }
    if (this.idle.size >= MOST_STATEMENTS) this.idle.delete(this.idle.keys().next().value!);
    this.idle.set(text, [statement]);
  }

  /** What a statement gives may be another after the tables have changed. */
  forgetStatements(): void {
    this.idle.clear();
  }

  /** Reads row by row, until it is at its end, stopped, or the database is closed. */
  read(text: string, parameters: readonly (string | undefined)[] | undefined, bindings: readonly Bound[]): Reading {
    return new Reading(this, text, this.take(text, parameters), bindings);
  }

  close(): void {
    for (const reading of this.reading) reading.stop();
    this.own.clear();
    this.idle.clear();
    this.db.close();
  }
}

export class Reading {
  readonly columns: readonly string[];
  private rows: Iterator<Column[], void, void> | undefined;
  private cancelled = false;

  constructor(
    private readonly connection: Connection,
    private readonly text: string,
    private readonly statement: Statement,
    bindings: readonly Bound[],
  ) {
    this.columns = statement.columns;
    this.rows = statement.rows(bindings);
    connection.reading.add(this);
  }

  next(): Column[] | undefined {
    if (this.rows === undefined) return undefined;
    let step: IteratorResult<Column[], void>;
    try {
      step = this.rows.next();
    } catch (error) {
      this.rows = undefined;
      this.connection.reading.delete(this);
      throw error;
    }
    if (step.done !== true) return step.value;
    this.rows = undefined;
    this.connection.reading.delete(this);
    this.connection.giveBack(this.text, this.statement);
    return undefined;
  }

  /** Stopped, as there is no such database any more. */
  get isCancelled(): boolean {
    return this.cancelled;
  }

  cancel(): void {
    this.cancelled = this.rows !== undefined;
    this.stop();
  }

  stop(): void {
    this.rows?.return?.();
    this.rows = undefined;
    this.connection.reading.delete(this);
  }
}

export function removeDatabase(file: string): void {
  for (const part of ['', '-wal', '-shm']) rmSync(file + part, { force: true });
}

/** What was renamed or removed in it stays so when power fails. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** `ctx.storage.sql`. */

import type { Connection, DatabaseFile, Reading } from './files';
import type { Journal } from './journal';
import { illegalInvocation, isObject, notOfType } from './messages';
import { sqlError } from './sql-errors';
import { refuseForbidden } from './sql-rules';
import { isWord, nameOf, type Parsed, statements } from './sql-text';
import type { Bound, Column } from './sqlite';

export interface SqlAccess {
  readonly file: DatabaseFile;
  readonly journal: Journal;
}

/** Most bytes of a text, and of a string or blob. */
const MOST_TEXT = 100_000;
export const MOST_BYTES = 16_000_000;

export const TOO_BIG = 'string or blob too big: SQLITE_TOOBIG';

/** Statements that were taken apart before, by their text. */
const known = new Map<string, readonly Parsed[]>();
const MOST_KNOWN = 500;
const LONGEST_KNOWN = 4096;

export class SqlStorage {
  readonly #access: SqlAccess | Error;

  /** What is no access is thrown by every call. */
  constructor(access: SqlAccess | Error) {
    this.#access = access;
  }

  /** Runs at once. The bindings are those of the last statement, and so are the rows. */
  exec<T extends Record<string, Column> = Record<string, Column>>(query: string, ...bindings: any[]): SqlCursor<T>;
  exec(...given: any[]): SqlCursor<any> {
    const access = SqlStorage.#of(this);
    if (given.length === 0) throw notOfType('exec', 'SqlStorage', 1, 'String');
    const [query, ...values] = given;
    const text = String(query);
    const bindings = values.map(bound);
    if (Buffer.byteLength(text) > MOST_TEXT) throw new Error('statement too long: SQLITE_TOOBIG');
    const parsed = takeApart(text);
    const last = parsed.length - 1;
    for (const statement of parsed.slice(0, last)) {
      refuseEmpty(statement);
      if (statement.parameters.length > 0) {
        throw new Error('When executing multiple SQL statements in a single call, only the last statement can have parameters.');
      }
      execute(access, statement, []);
    }
    refuseEmpty(parsed[last]!);
    return new SqlCursor(execute(access, parsed[last]!, bindings));
  }

  /** Bytes of the database. */
  get databaseSize(): number {
    const { file, journal } = SqlStorage.#of(this);
    journal.check();
    const connection = file.get();
    const number = (name: string) => connection.first(`PRAGMA ${name}`)![0] as number;
    // One in memory has none before the first table. What was deleted leaves pages free.
    return Math.max(number('page_count') - number('freelist_count'), 1) * number('page_size');
  }

  // Classes of the runtime that its programs see here.
  get Cursor(): typeof SqlCursor {
    return SqlCursor;
  }

  get Statement(): typeof SqlStatement {
    return SqlStatement;
  }

  static #of(sql: object): SqlAccess {
    if (!isObject(sql) || !(#access in sql)) throw illegalInvocation();
    if (sql.#access instanceof Error) throw sql.#access;
    return sql.#access;
  }
}

/** Only a name: statements are kept without being asked to. */
class SqlStatement {}
Object.defineProperty(SqlStatement, 'name', { value: 'Statement' });

/** What a statement is doing: its rows as they come, or all of them. */
interface Execution {
  readonly columns: readonly string[];
  readonly reading: Reading | undefined;
  readonly rows: Column[][];
  read: number;
  readonly written: number;
  readonly statement: Parsed;
}

function takeApart(text: string): readonly Parsed[] {
  let parsed = known.get(text);
  if (parsed === undefined) {
    parsed = [...statements(text)];
    if (text.length > LONGEST_KNOWN) return parsed;
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!);
    known.set(text, parsed);
  }
  return parsed;
}

function refuseEmpty({ tokens }: Parsed): void {
  if (tokens.length === 0) throw new Error('SQL code did not contain a statement.');
}

function execute({ file, journal }: SqlAccess, statement: Parsed, bindings: readonly Bound[]): Execution {
  journal.check();
  refuseForbidden(statement, () => file.get().first("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'") !== undefined);
  const connection = file.get();
  try {
    // What does not parse is told before what is bound.
    const prepared = connection.take(statement.text, statement.parameters);
    connection.giveBack(statement.text, prepared);
    const { columns } = prepared;
    if (columns.length > 100) throw new Error('too many columns in result set: SQLITE_ERROR');
    if (bindings.length !== statement.parameters.length) throw new Error('Wrong number of parameter bindings for SQL query.');
    if (isReader(statement)) return begin(connection, statement, bindings);
    journal.write();
    const written = { columns, reading: undefined, read: 0, statement };
    if (columns.length > 0) {
      // All of it now: what writes must be at its end before its transaction can be.
      const before = totalChanges(connection);
      const reading = connection.read(statement.text, statement.parameters, bindings);
      const rows: Column[][] = [];
      for (let row = reading.next(); row !== undefined; row = reading.next()) rows.push(row);
      return { ...written, rows, written: rowsWritten(connection, statement, totalChanges(connection) - before) };
    }
    const own = connection.take(statement.text, statement.parameters);
    const changes = own.run(bindings);
    connection.giveBack(statement.text, own);
    if (isWord(statement.tokens[0], 'CREATE', 'DROP', 'ALTER', 'REINDEX', 'ANALYZE')) connection.forgetStatements();
    return { ...written, rows: [], written: rowsWritten(connection, statement, changes) };
  } catch (error) {
    // Some errors end the transaction, and what was written before in it.
    journal.verify(error);
    throw sqlError(error, statement, (text) => connection.db.prepare(text));
  }
}

/** The first row is read at once, so that what fails does so here. */
function begin(connection: Connection, statement: Parsed, bindings: readonly Bound[]): Execution {
  const reading = connection.read(statement.text, statement.parameters, bindings);
  const row = reading.next();
  return { columns: reading.columns, reading, rows: row === undefined ? [] : [row], read: row === undefined ? 0 : 1, written: 0, statement };
}

function isReader({ tokens }: Parsed): boolean {
  if (isWord(tokens[0], 'SELECT', 'VALUES', 'EXPLAIN')) return true;
  // One that is set must be within a transaction, where some of them have no effect.
  if (isWord(tokens[0], 'PRAGMA')) return !tokens.some(({ text }) => text === '=') && !isWord(tokens[1], 'OPTIMIZE');
  if (!isWord(tokens[0], 'WITH')) return false;
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    else if (depth === 0 && isWord(token, 'INSERT', 'UPDATE', 'DELETE', 'REPLACE')) return false;
  }
  return true;
}

function totalChanges(connection: Connection): number {
  return connection.first('SELECT total_changes()')![0] as number;
}

/** About what the runtime counts: of INSERT the entries of indexes too. */
function rowsWritten(connection: Connection, { tokens }: Parsed, changes: number): number {
  const [first, second] = tokens;
  if (isWord(first, 'CREATE')) return isWord(second, 'TABLE') ? 2 : 1;
  if (isWord(first, 'ALTER')) return 1;
  if (!isWord(first, 'INSERT', 'REPLACE')) return isWord(first, 'UPDATE', 'DELETE', 'WITH') ? changes : 0;
  if (changes === 0) return 0;
  const into = tokens.findIndex((token) => isWord(token, 'INTO'));
  const table = tokens[into + 2]?.text === '.' ? tokens[into + 3] : tokens[into + 1];
  const indexes = connection.first("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE", [nameOf(table) ?? '']);
  return changes * (1 + (indexes![0] as number));
}

function bound(value: unknown): Bound {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'number':
      return value;
    case 'bigint':
      throw new TypeError('Cannot convert a BigInt value to a number');
    case 'symbol':
      throw new TypeError('Cannot convert a Symbol value to a string');
  }
  if (value === null) return null;
  let bytes: Uint8Array | undefined;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) bytes = new Uint8Array(value);
  else if (ArrayBuffer.isView(value)) bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (bytes === undefined) {
    const text = String(value);
    if (text.length > MOST_BYTES / 3 && Buffer.byteLength(text) > MOST_BYTES) throw new Error(TOO_BIG);
    return text;
  }
  if (bytes.length > MOST_BYTES) throw new Error(TOO_BIG);
  return bytes;
}

/** Ends the reading of cursors that nobody holds any more. */
const abandoned = new FinalizationRegistry<Reading>((reading) => reading.stop());

export class SqlCursor<T extends Record<string, Column> = Record<string, Column>> {
  readonly #execution: Execution;
  #names: string[] | undefined;

  constructor(execution: Execution) {
    this.#execution = execution;
    if (execution.reading !== undefined) abandoned.register(this, execution.reading);
  }

  next(): IteratorResult<T, undefined> {
    const row = this.#row();
    return row === undefined ? { done: true, value: undefined } : { done: false, value: this.#object(row) };
  }

  toArray(): T[] {
    const rows: T[] = [];
    for (let row = this.#row(); row !== undefined; row = this.#row()) rows.push(this.#object(row));
    return rows;
  }

  one(): T {
    const row = this.#row();
    if (row === undefined) throw new Error('Expected exactly one result from SQL query, but got no results.');
    if (this.#row() !== undefined) {
      this.#execution.reading?.stop();
      this.#execution.rows.length = 0;
      throw new Error('Expected exactly one result from SQL query, but got multiple results.');
    }
    return this.#object(row);
  }

  /** The rows as arrays. */
  raw(): RawIterator {
    return new RawIterator(() => this.#row());
  }

  get columnNames(): string[] {
    return (this.#names ??= [...this.#execution.columns]);
  }

  /** Rows that were given: the runtime counts those that were looked at. */
  get rowsRead(): number {
    return this.#execution.read;
  }

  get rowsWritten(): number {
    return this.#execution.written;
  }

  /** Whoever stops may go on later. */
  [Symbol.iterator](): IterableIterator<T> {
    return new RowIterator(() => this.next()) as IterableIterator<T>;
  }

  /** One is read ahead, so that it is what it was before the program saw the last one. */
  #row(): Column[] | undefined {
    const { rows, reading, statement } = this.#execution;
    if (reading?.isCancelled) throw new Error('SQLite query was canceled because the database was deleted.');
    const row = rows.shift();
    if (row === undefined || reading === undefined) return row;
    try {
      const next = reading.next();
      if (next === undefined) return row;
      this.#execution.read++;
      rows.push(next);
      return row;
    } catch (error) {
      throw sqlError(error, statement);
    }
  }

  /** Of columns of the same name the last one stays. */
  #object(row: readonly Column[]): T {
    const object: Record<string, Column> = {};
    const { columns } = this.#execution;
    for (let i = 0; i < columns.length; i++) object[columns[i]!] = row[i]!;
    return object as T;
  }
}
named(SqlCursor, 'Cursor');

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

class RowIterator {
  constructor(readonly next: () => IteratorResult<unknown, undefined>) {
    Object.defineProperty(this, 'next', { enumerable: false });
  }
}
Object.setPrototypeOf(RowIterator.prototype, IteratorPrototype);
named(RowIterator, 'RowIterator');

export class RawIterator implements IterableIterator<Column[]> {
  readonly #row: () => Column[] | undefined;

  constructor(row: () => Column[] | undefined) {
    this.#row = row;
  }

  next(): IteratorResult<Column[], undefined> {
    const value = this.#row();
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  /** Every iterator has it, from Node 22 on. */
  declare toArray: () => Column[][];

  [Symbol.iterator](): this {
    return this;
  }
}
if (!('toArray' in IteratorPrototype)) {
  const toArray = function (this: RawIterator) {
    return [...this];
  };
  Object.defineProperty(RawIterator.prototype, 'toArray', { value: toArray, writable: true, configurable: true });
}
Object.setPrototypeOf(RawIterator.prototype, IteratorPrototype);
named(RawIterator, 'RawIterator');

/** As programs see a class of the runtime. */
function named(cls: { prototype: object }, name: string): void {
  Object.defineProperty(cls, 'name', { value: name });
  Object.defineProperty(cls.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/** Keys, values and the alarm of one object in a database of its own, laid out as the runtime does it. */

import type { DatabaseFile, Connection } from './files';
import type { Bound, Column, Database } from './sqlite';
import type { Alarm, Entry, Range, Store } from './store';

export class SqliteStore implements Store {
  /** Whether the tables are there; undefined is not known. */
  private readonly tables: { keys?: boolean | undefined; metadata?: boolean | undefined } = {};

  constructor(readonly file: DatabaseFile) {}

  get inTransaction(): boolean | undefined {
    return this.file.exists ? this.file.get().db.inTransaction : false;
  }

  get(key: string): Uint8Array | undefined {
    const connection = this.withKeys();
    return connection && blob(connection.first('SELECT value FROM _cf_KV WHERE key = ?', [key])?.[0]);
  }

  put(key: string, value: Uint8Array): void {
    const connection = this.file.get();
    if (!this.has(connection, 'keys', '_cf_KV')) {
      connection.db.exec('CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID');
      this.tables.keys = true;
    }
    connection.statement('INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run([key, value]);
  }

  delete(key: string): boolean {
    const connection = this.withKeys();
    return connection !== undefined && connection.statement('DELETE FROM _cf_KV WHERE key = ?').run([key]) > 0;
  }

  *entries({ start, end, reverse, limit }: Range): Iterable<Entry> {
    const connection = this.withKeys();
    if (connection === undefined) return;
    const bounds: Bound[] = end === undefined ? [start] : [start, end];
    // As bytes: some libraries end a text at a NUL.
    const text = `SELECT CAST(key AS BLOB), value FROM _cf_KV WHERE key >= ?${end === undefined ? '' : ' AND key < ?'} ORDER BY key${reverse ? ' DESC' : ''} LIMIT ${limit}`;
    const reading = connection.read(text, undefined, bounds);
    try {
      for (let row = reading.next(); row !== undefined; row = reading.next()) yield [Buffer.from(row[0] as ArrayBuffer).toString(), blob(row[1])!];
    } finally {
      reading.stop();
    }
  }

  clear(): void {
    const alarm = this.alarm();
    this.forget();
    this.file.renew(alarm && ((db) => writeAlarm(db, alarm)));
  }

  alarm(): Alarm | undefined {
    if (!this.file.exists) return undefined;
    const connection = this.file.get();
    if (!this.has(connection, 'metadata', '_cf_METADATA')) return undefined;
    const row = connection.first('SELECT id, time, name FROM _cf_METADATA');
    return row && { id: row[0] as number, time: row[1] as number, name: (row[2] as string | null) ?? undefined };
  }

  setAlarm(alarm: Alarm | undefined): void {
    if (alarm === undefined) {
      if (this.alarm() !== undefined) this.file.get().db.exec('DELETE FROM _cf_METADATA');
      return;
    }
    writeAlarm(this.file.get().db, alarm);
    this.tables.metadata = true;
  }

  begin(): void {
    this.file.get().db.exec('BEGIN');
    this.file.pinned = true;
  }

  commit(): void {
    this.file.get().db.exec('COMMIT');
    this.file.pinned = false;
  }

  rollback(): void {
    this.forget();
    // Some errors have done it already.
    if (this.inTransaction !== false) this.file.get().db.exec('ROLLBACK');
    this.file.pinned = false;
  }

  save(mark: number): void {
    this.file.get().db.exec(`SAVEPOINT _cf_mark_${mark}`);
  }

  release(mark: number): void {
    this.file.get().db.exec(`RELEASE _cf_mark_${mark}`);
  }

  rollbackTo(mark: number): void {
    this.forget();
    this.file.get().db.exec(`ROLLBACK TO _cf_mark_${mark}`);
  }

  close(): void {
    // What is in memory only lives as long as it is open.
    if (!this.file.inMemory) this.file.close();
  }

  private withKeys(): Connection | undefined {
    if (!this.file.exists) return undefined;
    const connection = this.file.get();
    return this.has(connection, 'keys', '_cf_KV') ? connection : undefined;
  }

  private has(connection: Connection, table: 'keys' | 'metadata', name: string): boolean {
    return (this.tables[table] ??= connection.first('SELECT 1 FROM sqlite_master WHERE name = ?', [name]) !== undefined);
  }

  private forget(): void {
    this.tables.keys = undefined;
    this.tables.metadata = undefined;
    if (this.file.exists) this.file.get().forgetStatements();
  }
}

function writeAlarm(db: Database, { id, time, name }: Alarm): void {
  db.exec('CREATE TABLE IF NOT EXISTS _cf_METADATA (id INTEGER NOT NULL, time INTEGER NOT NULL, name TEXT); DELETE FROM _cf_METADATA');
  db.prepare('INSERT INTO _cf_METADATA VALUES (?, ?, ?)').run([id, time, name ?? null]);
}

function blob(value: Column | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(value as ArrayBuffer);
}

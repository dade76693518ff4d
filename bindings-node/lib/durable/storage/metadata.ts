/**
 * What a state folder knows of itself: the pending alarms and the keys of the classes. The process
 * that has it open is the only one: the lock is the operating system's, and ends with the process
 * however it ends.
 */

import type { AlarmIndex, Pending, Place } from './alarms';
import type { Bound, Column, Database, Library } from './sqlite';

export class Metadata implements AlarmIndex {
  private constructor(
    private readonly db: Database,
    /** There was none before. */
    readonly isNew: boolean,
  ) {}

  static open(library: Library, file: string): Metadata {
    const db = library.open(file);
    try {
      // Before the first access, so that nobody else gets in between.
      db.exec('PRAGMA busy_timeout = 200; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE');
      const isNew = rowsOf(db, "SELECT 1 FROM sqlite_master WHERE name = 'alarms'", []).length === 0;
      db.exec(`
        CREATE TABLE IF NOT EXISTS alarms (key TEXT, id TEXT, name TEXT, due INTEGER NOT NULL, retries INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS classes (worker TEXT, name TEXT, key TEXT NOT NULL UNIQUE, PRIMARY KEY (worker, name)) WITHOUT ROWID;
        COMMIT`);
      return new Metadata(db, isNew);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  all(): Pending[] {
    return rowsOf(this.db, 'SELECT key, id, name, due, retries FROM alarms', []).map(([key, id, name, due, retries]) => ({
      key: key as string,
      id: id as string,
      name: (name as string | null) ?? undefined,
      due: due as number,
      retries: retries as number,
    }));
  }

  set({ key, id, name, due, retries }: Pending, surely: boolean): void {
    const write = () => this.run('INSERT OR REPLACE INTO alarms VALUES (?, ?, ?, ?, ?)', [key, id, name ?? null, Math.trunc(due), retries]);
    if (surely) write();
    else this.lazily(write);
  }

  delete({ key, id }: Place): void {
    this.lazily(() => this.run('DELETE FROM alarms WHERE key = ? AND id = ?', [key, id]));
  }

  classKey(worker: string, name: string): string | undefined {
    return rowsOf(this.db, 'SELECT key FROM classes WHERE worker = ? AND name = ?', [worker, name])[0]?.[0] as string | undefined;
  }

  hasClassKey(key: string): boolean {
    return rowsOf(this.db, 'SELECT 1 FROM classes WHERE key = ?', [key]).length > 0;
  }

  setClassKey(worker: string, name: string, key: string): void {
    this.run('INSERT INTO classes VALUES (?, ?, ?)', [worker, name, key]);
  }

  /** Whether there was one of the old name. */
  renameClass(worker: string, from: string, to: string): boolean {
    return this.run('UPDATE classes SET name = ? WHERE worker = ? AND name = ?', [to, worker, from]) > 0;
  }

  /** It, and the alarms of its objects. */
  forgetClass(worker: string, name: string, key: string): void {
    this.run('DELETE FROM alarms WHERE key = ?', [key]);
    this.run('DELETE FROM classes WHERE worker = ? AND name = ?', [worker, name]);
  }

  close(): void {
    this.db.close();
  }

  /** Not worth waiting for the disk: where it is lost, an object is looked at once too often. */
  private lazily(write: () => void): void {
    this.db.exec('PRAGMA synchronous = NORMAL');
    try {
      write();
    } finally {
      this.db.exec('PRAGMA synchronous = FULL');
    }
  }

  private run(text: string, bindings: readonly Bound[]): number {
    return this.db.prepare(text).run(bindings);
  }
}

function rowsOf(db: Database, text: string, bindings: readonly Bound[]): Column[][] {
  const found: Column[][] = [];
  const rows = db.prepare(text).rows(bindings);
  for (let row = rows.next(); row.done !== true; row = rows.next()) found.push(row.value);
  return found;
}

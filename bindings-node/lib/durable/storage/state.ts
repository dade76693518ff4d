/** Where the objects of a Worker are stored: a folder that belongs to one process, or its memory. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { report } from '../../basics/report';
import { type AlarmIndex, type AlarmLookup, Alarms, type Place } from './alarms';
import { type DatabaseFile, type Durability, Files, MEMORY } from './files';
import { library, without } from './libraries';
import { MemoryStore } from './memory-store';
import { Metadata } from './metadata';
import { type ObjectHost, ObjectStore } from './object-store';
import { primaryCode } from './result-codes';
import { SqliteFailure } from './sqlite';
import { SqliteStore } from './sqlite-store';
import type { Store } from './store';

export interface StateOptions {
  /** What a write that was answered survives: a loss of power too (the default), or the end of the process. */
  readonly durability?: Durability;
}

/** `where`: `memory`, or a folder, which is made. Throws an Error of one line if it cannot be used. */
export function openState(where: string, { durability = 'power' }: StateOptions = {}): State {
  const sqlite = library();
  if (where === 'memory') return new State(undefined, sqlite && new Files(sqlite, durability), undefined);
  if (sqlite === undefined) throw new Error(without('storing objects on disk'));
  const files = new Files(sqlite, durability);
  const folder = path.resolve(where);
  let made: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true });
  } catch (error: any) {
    throw new Error(`wspair: cannot store objects in ${folder}: ${error.message}`);
  }
  const index = path.join(folder, 'metadata.sqlite');
  let metadata: Metadata;
  try {
    metadata = Metadata.open(sqlite, index);
  } catch (error) {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    throw new Error(refusal(error, folder, index), { cause: error });
  }
  return new State(folder, files, metadata, made);
}

function refusal(error: unknown, folder: string, index: string): string {
  if (!(error instanceof SqliteFailure)) return `wspair: cannot store objects in ${folder}: ${(error as Error).message}`;
  switch (primaryCode(error.code)) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return `wspair: the state folder ${folder} is in use by ${userOf(folder)}`;
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return `wspair: ${index} is damaged (${error.message}): move it away, and the pending alarms are found again in the objects`;
    default:
      return `wspair: cannot store objects in ${folder}: ${error.message}`;
  }
}

function userOf(folder: string): string {
  try {
    return `process ${Number.parseInt(readFileSync(path.join(folder, 'pid'), 'utf8'), 10)}`;
  } catch {
    return 'another process';
  }
}

/** What keeps the alarms and keys of a state that is in memory. */
const nothingKept: AlarmIndex = { all: () => [], set() {}, delete() {} };

export class State {
  readonly alarms: Alarms;
  private readonly live = new Map<string, ObjectStore>();
  /** Without a folder, what the objects stored lives here. */
  private readonly stores = new Map<string, Store>();

  constructor(
    /** Undefined is memory. */
    readonly folder: string | undefined,
    private readonly files: Files | undefined,
    private readonly metadata: Metadata | undefined,
    /** The outermost folder that was not there before. */
    private readonly made?: string,
  ) {
    if (folder !== undefined && metadata!.isNew) this.findAlarms();
    if (folder !== undefined) writeFileSync(path.join(folder, 'pid'), `${process.pid}\n`);
    const lookup: AlarmLookup = {
      alarm: (place) => {
        const live = this.live.get(pathOf(place));
        return live !== undefined ? live.alarm : this.within(place, (store) => store.alarm());
      },
      drop: (place, id) => {
        const live = this.live.get(pathOf(place));
        if (live !== undefined) live.deleteAlarm(id);
        else this.within(place, (store) => store.alarm()?.id === id && store.setAlarm(undefined));
      },
    };
    this.alarms = new Alarms(metadata ?? nothingKept, lookup, report);
  }

  /**
   * The key of a class, 64 hex digits, the same from its first use on. A class that was called
   * otherwise keeps its key, and so its objects.
   */
  namespaceKey(worker: string, name: string, formerly: readonly string[] = []): string {
    const derived = createHash('sha256').update(`${worker}\0${name}`).digest('hex');
    if (this.metadata === undefined) return derived;
    const known = this.metadata.classKey(worker, name);
    if (known !== undefined) return known;
    for (const old of formerly) if (this.metadata.renameClass(worker, old, name)) return this.metadata.classKey(worker, name)!;
    const key = this.metadata.hasClassKey(derived) ? randomBytes(32).toString('hex') : derived;
    this.metadata.setClassKey(worker, name, key);
    return key;
  }

  /** Deletes the objects of a class, where there are any. None of them may have been used. */
  deleteClass(worker: string, name: string): void {
    const key = this.metadata?.classKey(worker, name);
    if (key === undefined) return;
    // What is not done when the process ends here is done the next time.
    rmSync(path.join(this.folder!, key), { recursive: true, force: true });
    this.metadata!.forgetClass(worker, name, key);
  }

  /** For one instance of an object at a time. Opens nothing before it is needed. */
  object(key: string, id: string, host: ObjectHost): ObjectStore {
    const place = { key, id };
    const { alarms } = this;
    const store = new ObjectStore(
      this.store(place),
      host,
      { before: (alarm) => alarms.before(place, alarm), after: (alarm) => alarms.after(place, alarm) },
      () => {
        if (this.live.get(pathOf(place)) === store) this.live.delete(pathOf(place));
      },
    );
    this.live.set(pathOf(place), store);
    return store;
  }

  /** The ids of a class's objects that have something stored. */
  ids(key: string): string[] {
    if (this.folder === undefined) {
      return [...this.stores.keys()].filter((place) => place.startsWith(`${key}/`)).map((place) => place.slice(key.length + 1));
    }
    return databases(path.join(this.folder, key));
  }

  /** Commits and closes everything, and gives the folder free. */
  close(): void {
    this.alarms.stop();
    for (const close of [...this.live.values(), this.metadata].map((each) => () => each?.close())) {
      // What cannot be closed keeps nobody else from it.
      try {
        close();
      } catch (error) {
        report(error);
      }
    }
    if (this.folder !== undefined) rmSync(path.join(this.folder, 'pid'), { force: true });
  }

  /** Takes the folder away, once it is closed, if it was made for this state and no object was stored. */
  removeIfUnused(): void {
    if (this.made === undefined || readdirSync(this.folder!).some((name) => CLASS_KEY.test(name))) return;
    rmSync(this.made, { recursive: true, force: true });
  }

  private store(place: Place): Store {
    if (this.folder !== undefined) return new SqliteStore(this.file(place));
    let store = this.stores.get(pathOf(place));
    if (store === undefined) {
      store = this.files === undefined ? new MemoryStore() : new SqliteStore(this.files.file(MEMORY));
      this.stores.set(pathOf(place), store);
    }
    return store;
  }

  private file({ key, id }: Place): DatabaseFile {
    return this.files!.file(path.join(this.folder!, key, `${id}.sqlite`));
  }

  /** Looks into an object that may not be running. */
  private within<T>(place: Place, look: (store: Store) => T): T {
    const store = this.store(place);
    try {
      return look(store);
    } finally {
      store.close();
    }
  }

  /** The index was lost, or never there: the objects know. */
  private findAlarms(): void {
    for (const key of readdirSync(this.folder!)) {
      if (!CLASS_KEY.test(key)) continue;
      for (const id of databases(path.join(this.folder!, key))) {
        try {
          const alarm = this.within({ key, id }, (store) => store.alarm());
          if (alarm !== undefined) this.metadata!.set({ key, id, name: alarm.name, due: alarm.time, retries: 0 }, false);
        } catch (error) {
          report(new Error(`wspair: ${path.join(this.folder!, key, id)}.sqlite cannot be read: ${(error as Error).message}`));
        }
      }
    }
  }
}

/** The name of the folder in which the objects of a class are. */
const CLASS_KEY = /^[0-9a-f]{64}$/;

const pathOf = ({ key, id }: Place) => `${key}/${id}`;

function databases(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.sqlite')).map((name) => name.slice(0, -'.sqlite'.length));
  } catch {
    return [];
  }
}

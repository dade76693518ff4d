/** The Durable Objects of one Worker: their classes, their state, and what they have around them. */

import { report } from '../basics/report';
import { entrypointStub, isEntrypoint } from '../cloudflare/entrypoints';
import { executionContext } from '../cloudflare/execution-context';
import { watchSurroundings } from '../cloudflare/surroundings';
import { DurableObject } from '../cloudflare/workers';
import { type End, setOwnerFinder } from '../web/end';
import { currentEvent } from './event';
import { DurableObjectId } from './id';
import { Kind, type ObjectClass } from './kind';
import type { Life } from './life';
import { DurableObjectNamespace } from './namespace';
import { openState, type State } from './storage';
import { watchTime } from './time';

/** What is said of a class of objects. */
export interface ClassSettings {
  /** Whether its objects have SQL. Default yes. */
  sql?: boolean;
  /** The names that it had, of which it has the objects. */
  formerly?: readonly string[];
  /** The name of its namespace's key, in place of the class's. */
  uniqueKey?: string;
}

export interface HostOptions {
  /** The class of each binding. */
  bindings?: Readonly<Record<string, string>> | undefined;
  /** The export of each binding to the Worker itself. */
  services?: Readonly<Record<string, string>> | undefined;
  classes?: Readonly<Record<string, ClassSettings>> | undefined;
  /** The Worker's name, by which its objects are kept. */
  worker?: string | undefined;
  /** `memory`, or a folder. */
  state?: string | undefined;
  durability?: 'power' | 'process' | undefined;
  /** Classes whose objects are to be deleted, each by all the names that it had. */
  deleted?: readonly (readonly string[])[] | undefined;
  /** Milliseconds without an event after which an object sleeps; 0 never. Default 10 s. */
  hibernateAfter?: number | undefined;
  /** What the Worker and its objects get as `env`, to which the bindings are added. */
  env?: Record<string, unknown> | undefined;
  deleteAllDeletesAlarm?: boolean | undefined;
}

/** What a program has of its Worker's objects, beside calling them: tests put them to sleep. */
export type DurableObjects = Pick<Host, 'namespace' | 'evict' | 'idle'>;

export class Host {
  readonly hibernateAfter: number;
  /** Nothing if there is nothing in it. */
  readonly givenEnv: Record<string, unknown> | undefined;
  readonly env: Record<string, unknown>;
  /** What the Worker exports, as others call it. */
  readonly exports: Record<string, unknown> = {};
  readonly deleteAllDeletesAlarm: boolean;
  private readonly kinds = new Map<string, Kind>();
  isClosed = false;
  private opened: State | undefined;
  private module: Readonly<Record<string, unknown>> = {};
  private readonly bindings: Readonly<Record<string, string>>;

  /**
   * Throws an `Error` with one clear line for what cannot be. Its bindings are in `env` then; nothing may be called
   * before `load`.
   */
  constructor(private readonly options: HostOptions) {
    const { bindings = {}, services = {}, hibernateAfter = 10_000, env, deleteAllDeletesAlarm = true } = options;
    this.hibernateAfter = hibernateAfter;
    this.bindings = bindings;
    this.deleteAllDeletesAlarm = deleteAllDeletesAlarm;
    this.givenEnv = env;
    this.env = env ?? {};
    this.deleteClasses();
    for (const [binding, name] of Object.entries(services)) this.env[binding] = this.entrypoint(name);
    for (const [binding, name] of Object.entries(bindings)) this.env[binding] = this.namespaceOf(this.kind(name));
  }

  /** Where objects are kept; opened for the first class. */
  get state(): State {
    if (this.opened === undefined) {
      const { state = 'memory', durability } = this.options;
      this.opened = openState(state, durability && { durability });
      watchSurroundings();
      watchTime();
      setOwnerFinder(ownerOf);
    }
    return this.opened;
  }

  /** Takes the classes from what the Worker's module exports. Throws for one that is missing. */
  load(module: Readonly<Record<string, unknown>>): void {
    this.module = module;
    for (const [binding, name] of Object.entries(this.options.services ?? {})) {
      if (!isEntrypoint(module[name])) throw new Error(`the binding ${binding} is of the entrypoint ${name}, which the Worker does not export`);
    }
    for (const [binding, name] of Object.entries(this.bindings)) {
      if (typeof module[name] !== 'function') throw new Error(`the binding ${binding} is of the class ${name}, which the Worker does not export`);
    }
    for (const [name, value] of Object.entries({ default: module['default'], ...module })) {
      if (this.kinds.has(name) || isObjectClass(value)) {
        const kind = this.kind(name);
        kind.load(value as ObjectClass);
        // Another object than that of a binding, as there.
        this.exports[name] = new DurableObjectNamespace(kind);
      } else if (isEntrypoint(value)) this.exports[name] = this.entrypoint(name);
    }
  }

  /** Has alarms that are due, or overdue, go off. */
  start(): void {
    this.opened?.alarms.start(({ key, id, name, retryCount }) => {
      const kind = [...this.kinds.values()].find((kind) => kind.key === key);
      if (kind === undefined) return Promise.resolve('absent');
      return alarmOf(kind, new DurableObjectId(id, name), retryCount);
    });
  }

  /** By the name of the binding, or of the class. */
  namespace(name: string): DurableObjectNamespace {
    const found = Object.hasOwn(this.bindings, name) ? this.bindings[name]! : name;
    const kind = this.kinds.get(found);
    if (kind === undefined) throw new TypeError(`there is no Durable Object class ${name}: there are ${[...this.kinds.keys()].join(', ') || 'none'}`);
    return this.namespaceOf(kind);
  }

  /**
   * Puts an object to sleep, or all of them, once what they are at is done: those that may sleep,
   * as no timer, promise or ordinary WebSocket keeps them awake. Gives how many do.
   */
  async evict(id?: unknown): Promise<number> {
    await this.idle(id);
    let asleep = 0;
    for (const { life } of this.actors(id)) if (life?.sleepIfIdle()) asleep++;
    return asleep;
  }

  /** Resolves once no object, or not this one, has an event waiting or being answered. */
  async idle(id?: unknown): Promise<void> {
    // Those that never get done are not waited for once it is closed.
    while (!this.isClosed && this.actors(id).some((actor) => actor.isBusy)) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets go of the state. What has begun is cut off, what was written is kept. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.opened?.alarms.stop();
    for (const { life } of this.actors()) {
      try {
        life?.sleep();
      } catch (error) {
        report(error);
      }
    }
    await this.opened?.close();
  }

  /** As `close`, for what did not begin: where there was no state folder, none stays behind. */
  async abandon(): Promise<void> {
    await this.close();
    this.opened?.removeIfUnused();
  }

  private entrypoint(name: string): object {
    const waitUntil = (promise: unknown) => void Promise.resolve(promise).catch(report);
    return entrypointStub(() => this.module[name], this.env, (props) => executionContext(waitUntil, this.exports, props));
  }

  private deleteClasses(): void {
    const { worker = 'worker', classes = {}, deleted = [] } = this.options;
    for (const name of deleted.flat()) if (!Object.hasOwn(classes, name)) this.state.deleteClass(worker, name);
  }

  private kind(name: string): Kind {
    let kind = this.kinds.get(name);
    if (kind === undefined) {
      const { classes = {}, worker = 'worker' } = this.options;
      const { sql = true, formerly = [], uniqueKey = name } = classes[name] ?? {};
      const key = this.state.namespaceKey(worker, uniqueKey, [...formerly]);
      this.kinds.set(name, (kind = new Kind(this, name, key, sql)));
    }
    return kind;
  }

  private actors(id?: unknown) {
    const all = [...this.kinds.values()].flatMap((kind) => [...kind.actors.values()]);
    return id === undefined ? all : all.filter((actor) => actor.id.toString() === String(id));
  }

  private namespaceOf(kind: Kind): DurableObjectNamespace {
    let namespace = namespaces.get(kind);
    if (namespace === undefined) namespaces.set(kind, (namespace = new DurableObjectNamespace(kind)));
    return namespace;
  }
}

const namespaces = new WeakMap<Kind, DurableObjectNamespace>();

/** Whose code runs now has the end that it accepts. */
function ownerOf(end: End): Life | undefined {
  const life = currentEvent()?.life;
  life?.has(end);
  return life;
}

export function isObjectClass(value: unknown): value is ObjectClass {
  return typeof value === 'function' && value.prototype instanceof DurableObject;
}

async function alarmOf(kind: Kind, id: DurableObjectId, retryCount: number): Promise<'done' | 'failed'> {
  try {
    return await kind.actor(id).deliver(async (life) => {
      const { store } = life;
      const info = store.beginAlarm(retryCount);
      if (info === undefined) return 'done';
      try {
        await life.instance.alarm?.(info);
      } catch (error) {
        if (life.failure !== undefined) throw error;
        report(error);
        store.endAlarm(true);
        return 'failed';
      }
      store.endAlarm(false);
      return 'done';
    });
  } catch (error) {
    report(error);
    return 'failed';
  }
}

/**
 * All pending alarms of a state, and the clock that runs them. What is due is decided by the
 * objects' own databases; the index only says where to look, so that nothing has to be opened to
 * find them. It may name too many, and never too few.
 */

import { clearTimeout, setTimeout } from '../../basics/timers';
import type { Alarm } from './store';

/** What the handler gets. */
export interface AlarmInfo {
  readonly scheduledTime: number;
  readonly retryCount: number;
  readonly isRetry: boolean;
}

export interface Place {
  /** Of the class. */
  readonly key: string;
  /** Of the object. */
  readonly id: string;
}

/** What the index keeps. `due` is the time of the alarm, or of its next try. */
export interface Pending extends Place {
  readonly name: string | undefined;
  readonly due: number;
  readonly retries: number;
}

export interface AlarmIndex {
  all(): Pending[];
  /** `surely`: it must survive a loss of power. */
  set(pending: Pending, surely: boolean): void;
  delete(place: Place): void;
}

/** How to look at an object's own alarm, and to give it up, without its class. */
export interface AlarmLookup {
  alarm(place: Place): Alarm | undefined;
  drop(place: Place, id: number): void;
}

export interface DueAlarm extends Place {
  /** Of the object, where it was known when the alarm was set. */
  readonly name: string | undefined;
  /** How often it failed. */
  readonly retryCount: number;
}

/** Runs one in its object: `beginAlarm`, the handler, `endAlarm`. `absent`: there is no such class, this time. */
export type RunAlarm = (due: DueAlarm) => Promise<'done' | 'failed' | 'absent'>;

/** The first wait after a failure. Each is twice the one before it. */
const FIRST_WAIT = 2000;
const MOST_RETRIES = 6;

interface Entry extends Pending {
  due: number;
  retries: number;
  name: string | undefined;
  timer: NodeJS.Timeout | undefined;
  running: boolean;
  /** It has failed, and is tried again even if it is set anew. */
  retrying: boolean;
}

export class Alarms {
  private readonly entries = new Map<string, Entry>();
  private run: RunAlarm | undefined;

  constructor(
    private readonly index: AlarmIndex,
    private readonly lookup: AlarmLookup,
    private readonly report: (error: unknown) => void,
  ) {
    for (const pending of index.all()) this.entries.set(keyOf(pending), { ...pending, timer: undefined, running: false, retrying: pending.retries > 0 });
  }

  /** Begins to run them: those whose time has passed at once. */
  start(run: RunAlarm): void {
    this.run = run;
    for (const entry of this.entries.values()) this.arm(entry);
  }

  /** Begins no more. What becomes of those that run is for the next process to find. */
  stop(): void {
    this.run = undefined;
    for (const { timer } of this.entries.values()) clearTimeout(timer);
  }

  /** When the next one is due, in milliseconds since 1970. */
  next(): number | undefined {
    let first: number | undefined;
    for (const { due, running } of this.entries.values()) if (!running && (first === undefined || due < first)) first = due;
    return first;
  }

  /** What an object is about to commit. */
  before(place: Place, alarm: Alarm | undefined): void {
    const entry = this.entries.get(keyOf(place));
    if (alarm === undefined || (entry !== undefined && entry.due <= alarm.time)) return;
    this.index.set({ ...place, name: alarm.name, due: alarm.time, retries: entry?.retries ?? 0 }, true);
  }

  /** What it has committed. */
  after(place: Place, alarm: Alarm | undefined): void {
    const entry = this.entries.get(keyOf(place));
    // What becomes of one that runs is seen at its end.
    if (entry?.running === true) return;
    if (alarm === undefined) return this.remove(place);
    // As in the runtime, one that is set while another waits for its next try takes its place.
    if (entry?.retrying === true && alarm.time <= entry.due) this.put(place, alarm, entry.due, entry.retries);
    else this.put(place, alarm, alarm.time, 0);
  }

  private put(place: Place, { name }: Alarm, due: number, retries: number): void {
    const { key, id } = place;
    clearTimeout(this.entries.get(keyOf(place))?.timer);
    const entry: Entry = { key, id, name, due, retries, timer: undefined, running: false, retrying: retries > 0 };
    this.entries.set(keyOf(place), entry);
    this.tell(() => this.index.set({ key, id, name, due, retries }, false));
    this.arm(entry);
  }

  private remove(place: Place): void {
    const known = this.entries.get(keyOf(place));
    if (known === undefined) return;
    clearTimeout(known.timer);
    this.entries.delete(keyOf(place));
    this.tell(() => this.index.delete(place));
  }

  /** Without it the index names one too many, or too early, which does no harm. */
  private tell(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.report(error);
    }
  }

  private arm(entry: Entry): void {
    if (this.run === undefined) return;
    clearTimeout(entry.timer);
    // A longer wait than timers have ends early: then it is asked again.
    entry.timer = setTimeout(() => this.wake(entry), Math.max(entry.due - Date.now(), 0));
  }

  private wake(entry: Entry): void {
    if (entry.due > Date.now()) return this.arm(entry);
    void this.fire(entry).catch(this.report);
  }

  private async fire(entry: Entry): Promise<void> {
    const { key, id } = entry;
    const before = this.lookup.alarm(entry);
    if (before === undefined) return this.remove(entry);
    // The index may know an earlier one.
    if (before.time > entry.due && before.time > Date.now()) return this.put(entry, before, before.time, 0);
    const { run } = this;
    if (run === undefined) return;
    entry.running = true;
    let outcome: 'done' | 'failed' | 'absent' = 'failed';
    try {
      outcome = await run({ key, id, name: before.name, retryCount: entry.retries });
    } catch (error) {
      this.report(error);
    }
    entry.running = false;
    if (this.run === undefined || outcome === 'absent') return;
    const now = this.lookup.alarm(entry);
    if (now === undefined) return this.remove(entry);
    if (now.id !== before.id) return this.put(entry, now, now.time, 0);
    // It did not run, and is not gone either.
    if (outcome === 'done') return this.put(entry, now, Date.now() + FIRST_WAIT, entry.retries);
    if (entry.retries >= MOST_RETRIES) {
      this.report(new Error(`The alarm of the Durable Object ${before.name ?? id} failed ${MOST_RETRIES + 1} times, and is not tried again.`));
      this.lookup.drop(entry, now.id);
      return this.remove(entry);
    }
    // As in the runtime, not all of those that failed together are tried together.
    const wait = FIRST_WAIT * 2 ** entry.retries * (1 + Math.random() / 4);
    this.put(entry, now, Date.now() + wait, entry.retries + 1);
  }
}

const keyOf = ({ key, id }: Place) => `${key}/${id}`;

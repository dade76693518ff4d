/** Keys and values in the process's memory: what there is without SQLite. */

import { type Alarm, compareKeys, type Entry, type Range, type Store } from './store';

export class MemoryStore implements Store {
  private readonly values = new Map<string, Uint8Array>();
  /** The keys in order, until one comes or goes. */
  private sorted: string[] | undefined;
  private pending: Alarm | undefined;
  /** How to undo what the transaction did, the last first. */
  private undo: (() => void)[] | undefined;
  private readonly marks = new Map<number, number>();

  get inTransaction(): boolean {
    return this.undo !== undefined;
  }

  get(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }

  put(key: string, value: Uint8Array): void {
    const before = this.values.get(key);
    this.undo?.push(() => this.set(key, before));
    this.set(key, value);
  }

  delete(key: string): boolean {
    const before = this.values.get(key);
    if (before === undefined) return false;
    this.undo?.push(() => this.set(key, before));
    this.set(key, undefined);
    return true;
  }

  *entries({ start, end, reverse, limit }: Range): Iterable<Entry> {
    let from = start;
    let to = end;
    for (let given = 0; given < limit; given++) {
      const key = this.firstKey(from, to, reverse);
      if (key === undefined) return;
      yield [key, this.values.get(key)!];
      if (reverse) to = key;
      else from = `${key}\0`;
    }
  }

  clear(): void {
    this.values.clear();
    this.sorted = undefined;
  }

  alarm(): Alarm | undefined {
    return this.pending;
  }

  setAlarm(alarm: Alarm | undefined): void {
    const before = this.pending;
    this.undo?.push(() => (this.pending = before));
    this.pending = alarm;
  }

  begin(): void {
    this.undo = [];
  }

  commit(): void {
    this.undo = undefined;
    this.marks.clear();
  }

  rollback(): void {
    this.undoTo(0);
    this.commit();
  }

  save(mark: number): void {
    this.marks.set(mark, this.undo!.length);
  }

  release(mark: number): void {
    this.marks.delete(mark);
  }

  rollbackTo(mark: number): void {
    this.undoTo(this.marks.get(mark)!);
  }

  close(): void {}

  private set(key: string, value: Uint8Array | undefined): void {
    if ((value === undefined) === this.values.has(key)) this.sorted = undefined;
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
  }

  private undoTo(length: number): void {
    while (this.undo!.length > length) this.undo!.pop()!();
  }

  private firstKey(from: string, to: string | undefined, reverse: boolean): string | undefined {
    const keys = (this.sorted ??= [...this.values.keys()].sort(compareKeys));
    const index = reverse ? (to === undefined ? keys.length : this.place(to)) - 1 : this.place(from);
    const key = keys[index];
    if (key === undefined) return undefined;
    const outside = reverse ? compareKeys(key, from) < 0 : to !== undefined && compareKeys(key, to) >= 0;
    return outside ? undefined : key;
  }

  /** Where in the order a key is, or would be. */
  private place(key: string): number {
    const keys = this.sorted!;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

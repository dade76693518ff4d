/** Values by key, in memory. */

import { createHash } from 'node:crypto';
import { setImmediate } from '../../basics/timers';
import { notProvided } from '../../cloudflare/missing';
import { deserialize, serialize } from '../../web/attachment';
import type { ObjectStore, State } from './types';

export type * from './types';

type Values = Map<string, Uint8Array>;

/** @param where `memory` */
export function openState(where: string, _options?: { durability?: 'power' | 'process' }): State {
  if (where !== 'memory') throw notProvided('state on disk');
  const objects = new Map<string, Values>();
  return {
    namespaceKey: (worker, className) => createHash('sha256').update(`${worker} ${className}`).digest('hex'),
    object: (key, id) => {
      const place = key + id;
      return new MemoryStore(objects.get(place) ?? new Map(), (values) => objects.set(place, values));
    },
    alarms: { start() {}, next: () => undefined, stop() {} },
    close() {},
  };
}

class MemoryStore implements ObjectStore {
  readonly alarm = { begin: () => undefined, end() {} };
  private changed: Values | undefined;
  private failure: Error | undefined;

  constructor(
    private kept: Values,
    private readonly keep: (values: Values) => void,
  ) {}

  get dirty(): boolean {
    return this.changed !== undefined;
  }

  commit(): void {
    if (this.changed === undefined) return;
    this.kept = this.changed;
    this.changed = undefined;
    this.keep(this.kept);
  }

  discard(error: Error): void {
    this.changed = undefined;
    this.failure = error;
  }

  close(): void {
    this.commit();
  }

  readonly storage = {
    get: async (key: string) => {
      const bytes = this.values.get(key);
      return bytes && deserialize(bytes);
    },
    put: async (key: string, value: unknown) => void this.write().set(key, serialize(value)),
    delete: async (key: string) => this.write().delete(key),
    list: async () => new Map([...this.values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, bytes]) => [key, deserialize(bytes)])),
  };

  private get values(): Values {
    if (this.failure !== undefined) throw this.failure;
    return this.changed ?? this.kept;
  }

  private write(): Values {
    if (this.changed === undefined) {
      this.changed = new Map(this.values);
      setImmediate(() => this.commit());
    }
    return this.changed;
  }
}

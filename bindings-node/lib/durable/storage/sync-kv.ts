/** `ctx.storage.kv`: keys and values without promises. */

import { serialize } from '../../web/attachment';
import { illegalInvocation, isObject, notOfType } from './messages';
import type { ListOptions } from './options';
import type { Entry } from './store';
import { type Access, get, keyOf, put, rangeOf, remove, valueOf } from './values';

const NAME = 'SyncKvStorage';

export class SyncKvStorage {
  readonly #access: Access | Error;

  /** What is no access is thrown by every call. */
  constructor(access: Access | Error) {
    this.#access = access;
  }

  get<T = unknown>(key: string): T | undefined;
  get(...given: unknown[]): any {
    const access = SyncKvStorage.#of(this);
    if (given.length === 0) throw notOfType('get', NAME, 1, 'string');
    return get(access, NAME, [keyOf(given[0])]);
  }

  put<T>(key: string, value: T): void;
  put(...given: unknown[]): void {
    const access = SyncKvStorage.#of(this);
    if (given.length === 0) throw notOfType('put', NAME, 1, 'string');
    if (given.length === 1) throw notOfType('put', NAME, 2, 'Value');
    put(access, [[keyOf(given[0]), serialize(given[1])]]);
  }

  delete(key: string): boolean;
  delete(...given: unknown[]): boolean {
    const access = SyncKvStorage.#of(this);
    if (given.length === 0) throw notOfType('delete', NAME, 1, 'string');
    return remove(access, NAME, [keyOf(given[0])]) as boolean;
  }

  /** Live: what is written while it is gone through is seen. */
  list<T = unknown>(options?: ListOptions): IterableIterator<[string, T]>;
  list(options?: ListOptions): IterableIterator<[string, any]> {
    const { store, journal } = SyncKvStorage.#of(this);
    journal.check();
    return new ListIterator(store.entries(rangeOf(options, NAME))[Symbol.iterator]()) as IterableIterator<[string, any]>;
  }

  static #of(kv: object): Access {
    if (!isObject(kv) || !(#access in kv)) throw illegalInvocation();
    if (kv.#access instanceof Error) throw kv.#access;
    return kv.#access;
  }
}

/** Ends the statements of lists that were left early, which may be gone on with as long as somebody has them. */
const left = new FinalizationRegistry<Iterator<Entry>>((entries) => void entries.return?.());

class ListIterator implements Iterator<[string, any]> {
  readonly #entries: Iterator<Entry>;

  constructor(entries: Iterator<Entry>) {
    this.#entries = entries;
    left.register(this, entries);
  }

  next(): IteratorResult<[string, any]> {
    const { done, value } = this.#entries.next();
    return done === true ? { done: true, value: undefined } : { done: false, value: [value[0], valueOf(value[1])] };
  }

  [Symbol.iterator](): this {
    return this;
  }
}
Object.setPrototypeOf(ListIterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
Object.defineProperty(ListIterator.prototype, Symbol.toStringTag, { value: 'ListIterator', configurable: true });

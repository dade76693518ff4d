/** What programs give to keys and values, as the store takes it. */

import { deserialize, serialize } from '../../web/attachment';
import { toText } from '../../web/convert';
import type { Journal } from './journal';
import { notOfType } from './messages';
import { MOST_BYTES, TOO_BIG } from './sql';
import { behindPrefix, compareKeys, type Entry, type Range, type Store } from './store';

export interface Access {
  readonly store: Store;
  readonly journal: Journal;
}

/** `get` of one key or many. */
export function get({ store, journal }: Access, of: string, given: readonly unknown[]): unknown {
  if (given.length === 0) throw notOfType('get', of, 1, 'string or Array');
  refuseOptions(given[1], 'get', of, 2, 'GetOptions');
  const [keys] = given;
  if (!Array.isArray(keys)) return valueOf(journal.attempt(() => store.get(keyOf(keys))));
  const found = new Map<string, unknown>();
  for (const key of [...new Set(keys.map(keyOf))].sort(compareKeys)) {
    const value = journal.attempt(() => store.get(key));
    if (value !== undefined) found.set(key, valueOf(value));
  }
  return found;
}

/** What `put` is to write, taken when it is called. */
export function toPut(of: string, given: readonly unknown[]): Entry[] {
  const [what, value] = given;
  if (given.length === 0) throw notOfType('put', of, 1, 'string or object');
  // An array is a key like others.
  if ((typeof what === 'object' || typeof what === 'function') && what !== null && !Array.isArray(what)) {
    if (!isOptions(value)) throw new TypeError(ONE_OR_MANY);
    return Object.entries(what)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [keyOf(key), serialize(each)]);
  }
  if (value === undefined) throw new TypeError('put() called with undefined value.');
  refuseOptions(given[2], 'put', of, 3, 'PutOptions');
  return [[keyOf(what), serialize(value)]];
}

export function put({ store, journal }: Access, entries: readonly Entry[]): void {
  for (const [key, value] of entries) {
    if (value.length + key.length > MOST_BYTES) throw new Error(TOO_BIG);
    journal.write();
    journal.attempt(() => store.put(key, value));
  }
}

/** `delete` of one key or many. */
export function remove({ store, journal }: Access, of: string, given: readonly unknown[]): boolean | number {
  if (given.length === 0) throw notOfType('delete', of, 1, 'string or Array');
  refuseOptions(given[1], 'delete', of, 2, 'PutOptions');
  const removeOne = (key: unknown) =>
    journal.attempt(() => {
      // What is not there needs no transaction, and no file.
      if (store.get(keyOf(key)) === undefined) return false;
      journal.write();
      return store.delete(keyOf(key));
    });
  const [keys] = given;
  return Array.isArray(keys) ? keys.filter(removeOne).length : removeOne(keys);
}

export function list({ store, journal }: Access, of: string, given: readonly unknown[]): Map<string, unknown> {
  const range = rangeOf(given[0], of);
  return new Map(journal.attempt(() => [...store.entries(range)]).map(([key, value]) => [key, valueOf(value)]));
}

export function valueOf(bytes: Uint8Array | undefined): unknown {
  return bytes && deserialize(bytes);
}

/** Of `list`'s options. */
export function rangeOf(options: any, of: string): Range {
  refuseOptions(options, 'list', of, 1, 'ListOptions');
  const { start, startAfter, end, prefix, reverse, limit } = options ?? {};
  if (start !== undefined && startAfter !== undefined) throw new TypeError('list() cannot be called with both start and startAfter values.');
  let from = start !== undefined ? keyOf(start) : startAfter !== undefined ? `${keyOf(startAfter)}\0` : '';
  let to = end === undefined ? undefined : keyOf(end);
  const first = prefix === undefined ? '' : keyOf(prefix);
  if (first !== '') {
    const behind = behindPrefix(first);
    if (compareKeys(first, from) > 0) from = first;
    if (behind !== undefined && (to === undefined || compareKeys(behind, to) < 0)) to = behind;
  }
  return { start: from, end: to, reverse: Boolean(reverse), limit: limit === undefined ? 2 ** 31 - 1 : toLimit(limit) };
}

/** A text as every store keeps it: a lone surrogate has no UTF-8. */
export function keyOf(value: unknown): string {
  // Not by `String`, which makes a text of a symbol.
  return toText(value).toWellFormed();
}

function toLimit(limit: unknown): number {
  const number = Number(limit);
  if (Number.isFinite(number) && (number > 2 ** 31 - 1 || number < -(2 ** 31))) {
    throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
  }
  if (!((number | 0) > 0)) throw new TypeError('List limit must be positive.');
  return number | 0;
}

const ONE_OR_MANY =
  'put() may only be called with a single key-value pair and optional options as put(key, value, options) or with multiple key-value pairs ' +
  'and optional options as put(entries, options)';

function refuseOptions(options: unknown, method: string, of: string, parameter: number, type: string): void {
  if (!isOptions(options)) throw notOfType(method, of, parameter, type);
}

const isOptions = (value: unknown): boolean => value === undefined || typeof value === 'object' || typeof value === 'function';

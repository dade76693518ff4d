/** What the closure of `storage.transaction` gets. */

import { alarmOf, deleteAlarm, setAlarm, type AlarmAccess } from './alarm-calls';
import type { Mark } from './journal';
import type { GetOptions, ListOptions, PutOptions } from './options';
import { illegalInvocation, isObject } from './messages';
import { get, list, put, remove, toPut } from './values';

const NAME = 'DurableObjectTransaction';

export class DurableObjectTransaction {
  readonly #access: AlarmAccess;
  readonly #mark: Mark;
  #state: 'open' | 'committed' | 'rolled back' = 'open';

  constructor(access: AlarmAccess, mark: Mark) {
    this.#access = access;
    this.#mark = mark;
  }

  get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined>;
  get<T = unknown>(keys: string[], options?: GetOptions): Promise<Map<string, T>>;
  async get(...given: unknown[]): Promise<any> {
    return get(DurableObjectTransaction.#within(this, 'get'), NAME, given);
  }

  put<T>(key: string, value: T, options?: PutOptions): Promise<void>;
  put<T>(entries: Record<string, T>, options?: PutOptions): Promise<void>;
  async put(...given: unknown[]): Promise<void> {
    const entries = toPut(NAME, given);
    put(DurableObjectTransaction.#within(this, 'put'), entries);
  }

  delete(key: string, options?: PutOptions): Promise<boolean>;
  delete(keys: string[], options?: PutOptions): Promise<number>;
  async delete(...given: unknown[]): Promise<any> {
    return remove(DurableObjectTransaction.#within(this, 'delete'), NAME, given);
  }

  list<T = unknown>(options?: ListOptions & GetOptions): Promise<Map<string, T>>;
  async list(...given: unknown[]): Promise<Map<string, any>> {
    return list(DurableObjectTransaction.#within(this, 'list'), NAME, given);
  }

  async deleteAll(): Promise<void> {
    throw new Error('Cannot call deleteAll() within a transaction');
  }

  getAlarm(options?: GetOptions): Promise<number | null>;
  async getAlarm(): Promise<number | null> {
    return alarmOf(DurableObjectTransaction.#within(this, 'getAlarm'));
  }

  setAlarm(scheduledTime: number | Date, options?: PutOptions): Promise<void>;
  async setAlarm(...given: unknown[]): Promise<void> {
    setAlarm(this.#access, NAME, given, () => DurableObjectTransaction.#within(this, 'setAlarm'));
  }

  deleteAlarm(options?: PutOptions): Promise<void>;
  async deleteAlarm(): Promise<void> {
    deleteAlarm(DurableObjectTransaction.#within(this, 'deleteAlarm'));
  }

  /** Undoes what was written in it, at once. */
  rollback(): void {
    if (this.#state === 'rolled back') return;
    DurableObjectTransaction.#within(this, 'rollback');
    this.#state = 'rolled back';
    this.#mark.undo();
  }

  static #within(transaction: object, call: string): AlarmAccess {
    if (!isObject(transaction) || !(#access in transaction)) throw illegalInvocation();
    if (transaction.#state === 'committed') {
      throw new Error(`Cannot call ${call}() on transaction that has already committed: did you move \`txn\` outside of the closure?`);
    }
    if (transaction.#state === 'rolled back') throw new Error(`Cannot ${call}() on rolled back transaction`);
    return transaction.#access;
  }

  /** Ends it, as its closure did. */
  static finish(transaction: DurableObjectTransaction, keep: boolean): void {
    const open = transaction.#state === 'open';
    transaction.#state = transaction.#state === 'rolled back' ? 'rolled back' : 'committed';
    if (!open) return;
    if (keep) transaction.#mark.keep();
    else transaction.#mark.undo();
  }
}

/** What the closure of `storage.transaction` gets. */

import { alarmOf, deleteAlarm, setAlarm, type AlarmAccess } from './alarm-calls';
import type { Mark } from './journal';
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

  async get(...given: unknown[]): Promise<any> {
    return get(DurableObjectTransaction.#within(this, 'get'), NAME, given);
  }

  async put(...given: unknown[]): Promise<void> {
    const entries = toPut(NAME, given);
    put(DurableObjectTransaction.#within(this, 'put'), entries);
  }

  async delete(...given: unknown[]): Promise<any> {
    return remove(DurableObjectTransaction.#within(this, 'delete'), NAME, given);
  }

  async list(...given: unknown[]): Promise<Map<string, any>> {
    return list(DurableObjectTransaction.#within(this, 'list'), NAME, given);
  }

  async deleteAll(): Promise<void> {
    throw new Error('Cannot call deleteAll() within a transaction');
  }

  async getAlarm(): Promise<number | null> {
    return alarmOf(DurableObjectTransaction.#within(this, 'getAlarm'));
  }

  async setAlarm(...given: unknown[]): Promise<void> {
    setAlarm(this.#access, NAME, given, () => DurableObjectTransaction.#within(this, 'setAlarm'));
  }

  async deleteAlarm(): Promise<void> {
    deleteAlarm(DurableObjectTransaction.#within(this, 'deleteAlarm'));
  }

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

/** The storage of Durable Objects, as their host uses it. */

export type { AlarmInfo, Alarms, DueAlarm, RunAlarm } from './alarms';
export { DurableObjectStorage } from './durable-object-storage';
export type { GetOptions, ListOptions, PutOptions } from './options';
export type { SqlCursor, SqlStorage } from './sql';
export type { SyncKvStorage } from './sync-kv';
export type { DurableObjectTransaction } from './transaction';
export type { ObjectHost, ObjectStore } from './object-store';
export { openState, type State, type StateOptions } from './state';

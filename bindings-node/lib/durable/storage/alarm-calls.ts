/** `getAlarm`, `setAlarm` and `deleteAlarm`, which a transaction has as well. */

import { randomInt } from 'node:crypto';
import { notOfType } from './messages';
import type { Access } from './values';

export interface AlarmAccess extends Access {
  /** Of the object, where it is known. */
  readonly name: string | undefined;
  /** Whether its class has a handler for it. */
  readonly alarmHandler: boolean;
  /** The alarm whose handler is running: nobody sees it any more. */
  readonly running: number | undefined;
  /** The alarm is, or may be, another than before this transaction. */
  alarmTouched(): void;
}

/** The runtime counts nanoseconds in 64 bits. */
const LATEST = 9_223_372_036_854;

export function alarmOf({ store, journal, running }: AlarmAccess): number | null {
  const alarm = journal.attempt(() => store.alarm());
  return alarm === undefined || alarm.id === running ? null : alarm.time;
}

export function setAlarm(access: AlarmAccess, of: string, given: readonly unknown[], check: () => void): void {
  const [when] = given;
  if (!(typeof when === 'number' || when instanceof Date)) throw notOfType('setAlarm', of, 1, 'date');
  const time = Number(when);
  if (!Number.isFinite(time)) throw new TypeError('The value cannot be converted because it is not a valid Date.');
  if (time > LATEST) throw new TypeError("This API doesn't support dates after 2189.");
  check();
  if (time < 1) throw new TypeError('setAlarm() cannot be called with an alarm time <= 0');
  if (!access.alarmHandler) throw new TypeError('Your Durable Object class must have an alarm() handler in order to call setAlarm()');
  access.journal.write();
  // One in the past is due now.
  const alarm = { id: randomInt(2 ** 47), time: Math.max(Math.trunc(time), Date.now()), name: access.name };
  access.journal.attempt(() => access.store.setAlarm(alarm));
  access.alarmTouched();
}

export function deleteAlarm(access: AlarmAccess): void {
  const { store, journal } = access;
  if (journal.attempt(() => store.alarm()) === undefined) return;
  journal.write();
  journal.attempt(() => store.setAlarm(undefined));
  access.alarmTouched();
}

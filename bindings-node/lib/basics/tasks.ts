/**
 * Runs events, each in a task of its own: all microtasks run between two of them, and none happens
 * within the call that caused it.
 *
 * Who has events waits in one line, and after each event goes to its end. So the answer to a
 * message is delivered before the next message, as in the runtime. A task runs the event of
 * whoever is first; tasks are made ahead, one for each event, so that many run in one turn of the
 * event loop.
 */

import { AsyncResource } from 'node:async_hooks';
import { Fifo } from './fifo';
import { setImmediate } from './timers';

export interface Runner {
  /** Whether it stands in line. Kept here, so that asking costs nothing. */
  waiting: boolean;
  /** Runs one event. Gives whether there are more. */
  run(): boolean;
}

const line = new Fifo<Runner>();
/** Immediates that are made and have not run, and events that they are for. */
let tasks = 0;
let due = 0;

// As in the runtime, events are nobody's continuation: no async context of a sender is seen.
const outside = new AsyncResource('wspair');

/** `runner` has `events` more to run. */
export function schedule(runner: Runner, events = 1): void {
  enqueue(runner);
  expect(Math.min(events, BATCH));
}

/** Whether events are ready to be run, before anything that is scheduled now. */
export function busy(): boolean {
  // Whose event is being run stands in no line, and may have more.
  return due > 0 || line.length > 0;
}

function enqueue(runner: Runner): void {
  if (runner.waiting) return;
  runner.waiting = true;
  line.push(runner);
}

function expect(events: number): void {
  due += events;
  if (due > tasks) outside.runInAsyncScope(makeTasks, undefined, due - tasks);
}

function makeTasks(count: number): void {
  tasks += count;
  // An immediate waits for no time to pass.
  for (let i = 0; i < count; i++) setImmediate(runOne);
}

function runOne(): void {
  tasks--;
  const runner = line.shift();
  if (runner === undefined) {
    due = 0;
    return;
  }
  if (due > 0) due--;
  // One for an event that this one causes, made where there is no context yet to be kept out.
  if (tasks <= due) makeTasks(1);
  runner.waiting = false;
  // Where it threw, there may be more too.
  let more = true;
  try {
    more = runner.run();
  } finally {
    if (more) enqueue(runner);
    if (due === 0 && line.length > 0) expect(BATCH);
  }
}

/** Most tasks made at once. One that finds nothing to do costs little. */
const BATCH = 64;

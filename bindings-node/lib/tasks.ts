/**
 * Runs events, each in a task of its own: all microtasks run between two of them, and none happens
 * within the call that caused it.
 *
 * Who has events waits in one line, and after each event goes to its end. So the answer to a
 * message is delivered before the next message, as in the runtime.
 */

import { Fifo } from './fifo';

export interface Runner {
  /** Whether it stands in line. Kept here, so that asking costs nothing. */
  waiting: boolean;
  /** Runs one event. Gives whether there are more. */
  run(): boolean;
}

const line = new Fifo<Runner>();
let armed = 0;

/**
 * `runner` has events more to run. Called once for each it may be faster, as many tasks are then
 * made ready at once; once for all is enough.
 */
export function schedule(runner: Runner, events = 1): void {
  enqueue(runner);
  for (let i = 0; i < events; i++) arm();
}

function enqueue(runner: Runner): void {
  if (runner.waiting) return;
  runner.waiting = true;
  line.push(runner);
}

function arm(): void {
  armed++;
  // An immediate is a task that waits for no time to pass, and comes before any timer.
  setImmediate(runOne);
}

function runOne(): void {
  armed--;
  const runner = line.shift();
  if (runner === undefined) return;
  runner.waiting = false;
  try {
    if (runner.run()) enqueue(runner);
  } finally {
    // What came without a task of its own takes one.
    if (armed < line.length) arm();
  }
}

/** One event of an object: a call, a message, an alarm. Code that it caused, however late, runs within it. */

import { current } from '../cloudflare/surroundings';
import type { Section } from './blocks';
import type { Life } from './life';

export class ObjectEvent {
  /** It took too long: nothing of it goes on. */
  cut = false;

  /** @param section of the block that it is within, if it is */
  constructor(
    readonly life: Life,
    readonly section?: Section,
  ) {}

  /** Whether what it waits for may still tell it. */
  get goesOn(): boolean {
    return !this.cut && this.life.failure === undefined;
  }

  /** Runs something of it as soon as no other event's block keeps it out, and unless it is over by then. */
  whenAdmitted(run: () => void): void {
    this.life.blocks.whenAdmitted(this.section, () => {
      if (this.goesOn) run();
    });
  }
}

/** The event that the code which runs now belongs to. */
export function currentEvent(): ObjectEvent | undefined {
  const { event } = current();
  return event instanceof ObjectEvent ? event : undefined;
}

/**
 * Settles as `promise` does, as long as the event that waits for it goes on.
 *
 * @param turn calls back in a task of its own
 */
export function within<T>(event: ObjectEvent, promise: Promise<T>, turn: (then: () => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    promise.then(
      (value) => turn(() => event.whenAdmitted(() => resolve(value))),
      (error) => turn(() => event.whenAdmitted(() => reject(error))),
    );
  });
}

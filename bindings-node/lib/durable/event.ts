/** One event of an object: a call, a message, an alarm. Code that it caused, however late, runs within it. */

import { current } from '../cloudflare/surroundings';
import type { Life } from './life';

export class ObjectEvent {
  /** It took too long: nothing of it goes on. */
  cut = false;

  /** @param section the one that holds up all other events, if this is within one */
  constructor(
    readonly life: Life,
    readonly section?: Section,
  ) {}

  /** Whether what it waits for may still tell it. */
  get goesOn(): boolean {
    return !this.cut && this.life.failure === undefined;
  }

  /** Whether it may run now, or has to wait for others. */
  get isFree(): boolean {
    return !this.life.isBlocked || this.section?.isOpen === true;
  }
}

/** What `blockConcurrencyWhile` runs. */
export class Section {
  isOpen = true;
}

/** The event that the code which runs now belongs to. */
export function currentEvent(): ObjectEvent | undefined {
  const { event } = current();
  return event instanceof ObjectEvent ? event : undefined;
}

/** Settles as `promise` does, as long as the event that waits for it goes on. */
export function within<T>(event: ObjectEvent | undefined, promise: Promise<T>): Promise<T> {
  if (event === undefined) return promise;
  return new Promise((resolve, reject) => {
    const once = (settle: () => void) => {
      if (!event.goesOn) return;
      if (event.isFree) settle();
      else event.life.whenFree(() => once(settle));
    };
    promise.then(
      (value) => once(() => resolve(value)),
      (error) => once(() => reject(error)),
    );
  });
}

/**
 * Promises that listeners return. As in the runtime nobody waits for them before the next event,
 * but who is about to cut off what they would still send can ask.
 */

import { report } from '../basics/report';

/** Those of one end. */
export class Answers {
  private count = 0;

  /** @param done called whenever none is left */
  constructor(private readonly done: () => void) {}

  /** Whether some have yet to settle. */
  get areOpen(): boolean {
    return this.count > 0;
  }

  add(promise: Promise<unknown>): void {
    this.count++;
    promise.then(this.settle, this.fail);
  }

  private readonly settle = (): void => {
    if (--this.count === 0) this.done();
  };

  private readonly fail = (error: unknown): void => {
    report(error);
    this.settle();
  };
}

/** Who is told of promises, while an event is dispatched. */
let follower: { follow(promise: Promise<unknown>): void } | undefined;

export function setFollower(to: typeof follower): void {
  follower = to;
}

/** A listener returned it: a rejection should not end the process. */
export function follow(promise: Promise<unknown>): void {
  if (follower === undefined) promise.catch(report);
  else follower.follow(promise);
}

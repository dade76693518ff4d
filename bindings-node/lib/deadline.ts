import { clearTimeout, setTimeout } from './timers';

/** Resolves when `work` is done, or after that many milliseconds. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  // A timer of its own accord is none for more than 24 days.
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1))));
  await Promise.race([work, late]);
  clearTimeout(timer);
}

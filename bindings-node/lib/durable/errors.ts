/** Why an object is reset. */

import { copyOf } from '../cloudflare/thrown';

/** From whatever was thrown. */
export function resetBy(cause: unknown): Error {
  const error = copyOf(cause);
  const failure = error instanceof Error ? error : new Error(String(error));
  return Object.assign(failure, { durableObjectReset: true });
}

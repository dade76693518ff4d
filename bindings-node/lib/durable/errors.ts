/** Errors as those see them who call an object. */

import { carryOut } from '../cloudflare/rpc';

/** Why an object is reset, from whatever was thrown. */
export function resetBy(cause: unknown): Error {
  const error = copyOf(cause);
  const failure = error instanceof Error ? error : new Error(String(error));
  return Object.assign(failure, { durableObjectReset: true });
}

/** What was thrown over there. With an `id`, by the object's own code. */
export function thrownThere(cause: unknown, id?: string): unknown {
  const error = copyOf(cause);
  if (!(error instanceof Error)) return error;
  return Object.assign(error, { ...(id !== undefined && { durableObjectId: id }), remote: true });
}

/** One of their own for each caller. */
export function copyOf(error: unknown): unknown {
  try {
    return carryOut(error);
  } catch {
    return new Error(error instanceof Error ? error.message : String(error));
  }
}

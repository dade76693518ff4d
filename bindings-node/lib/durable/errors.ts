/** Errors as those see them who call an object. */

import { carryOut } from '../cloudflare/rpc';

/** Why an object is reset, from whatever was thrown. */
export function resetBy(cause: unknown): Error {
  const error = copyOf(cause);
  const failure = error instanceof Error ? error : new Error(String(error));
  return Object.assign(failure, { durableObjectReset: true });
}

/** What was thrown over there. With an `id`, within what that object's code does. */
export function thrownThere(cause: unknown, id?: string): unknown {
  // It says so already.
  if (cause instanceof Error && told.has(cause)) return cause;
  const copy = copyOf(cause);
  const isObject = typeof copy === 'object' && copy !== null;
  const error = isObject ? copy : new Error(String(copy));
  if (error instanceof Error) told.add(error);
  return Object.assign(error, { ...(id !== undefined && isObject && { durableObjectId: id }), remote: true });
}

const told = new WeakSet<Error>();

/** One of their own for each caller. */
export function copyOf(error: unknown): unknown {
  try {
    return carryOut(error);
  } catch {
    return new Error(error instanceof Error ? error.message : String(error));
  }
}

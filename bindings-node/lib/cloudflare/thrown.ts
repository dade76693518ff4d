/** Errors as those see them who called. */

import { carry } from './carry';

/** What was thrown over there. With an `id`, within what that Durable Object's code does. */
export function thrownThere(cause: unknown, id?: string): unknown {
  // It says already that it is from elsewhere.
  if (cause instanceof Error && told.has(cause)) return id === undefined ? cause : Object.assign(cause, { durableObjectId: id, ...cause });
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
    return carry(error, uncarried);
  } catch {
    return new Error(error instanceof Error ? error.message : String(error));
  }
}

/** Nobody is called back by an error. */
function uncarried(): never {
  throw new TypeError('functions do not come over with an error');
}

/** Why a call was refused, in the runtime's words and classes. */

import { Status } from '../engine/native';

export const wrongArgument = (method: string, owner: string, position: number, type: string) =>
  new TypeError(`Failed to execute '${method}' on '${owner}': parameter ${position} is not of type '${type}'.`);

export const wrongConstructorArgument = (owner: string, position: number, type: string) =>
  new TypeError(`Failed to construct '${owner}': constructor parameter ${position} is not of type '${type}'.`);

export const constructorCalled = (owner: string) =>
  new TypeError(
    `Failed to construct '${owner}': Please use the 'new' operator, ` +
      'this object constructor cannot be called as a function.',
  );

export const wrongField = (field: string, dictionary: string, type: string) =>
  new TypeError(
    `Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${type}'.`,
  );

export const wrongElement = (index: number, type: string) =>
  new TypeError(`Incorrect type for array element ${index}: the provided value is not of type '${type}'.`);

export const illegalInvocation = () =>
  new TypeError(
    'Illegal invocation: function called with incorrect `this` reference. ' +
      'See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.',
  );

/** @param detail the number that was refused */
export function refusal(status: Status, detail = 0): Error {
  return refusals[status]?.(detail) ?? new Error(`wspair: unexpected status ${status}`);
}

/** Why an end cannot be one that a Durable Object may sleep beside. */
export function hibernationRefusal(status: Status): Error {
  switch (status) {
    case Status.Accepted:
      return new Error('Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`');
    case Status.PeerTaken:
      return new Error(
        'Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response.',
      );
    case Status.Spent:
      return new TypeError('Tried to make an api::WebSocket hibernatable when it was in an incompatible state.');
    default:
      return refusal(status);
  }
}

/** Why an end cannot go out with a response. */
export function responseRefusal(status: Status): Error {
  return responseRefusals[status]?.() ?? refusal(status);
}

const refusals: { [status: number]: (detail: number) => Error } = {
  [Status.NotAccepted]: () =>
    new TypeError(
      'You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.',
    ),
  [Status.Hibernatable]: () => new TypeError("Can't accept() WebSocket after enabling hibernation."),
  [Status.Spent]: () => new TypeError("Can't accept() WebSocket that was already used in a response."),
  [Status.Closing]: () => new TypeError("Can't call WebSocket send() after close()."),
  [Status.CloseCode]: (code) => new DOMException(`Invalid WebSocket close code: ${code}.`, 'InvalidAccessError'),
  [Status.CloseReason]: () =>
    new DOMException(
      'WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.',
      'SyntaxError',
    ),
  [Status.ReasonWithoutCode]: () =>
    new DOMException(
      'If you specify a WebSocket close reason, you must also specify a code.',
      'InvalidAccessError',
    ),
  // Without a space between its sentences there, too.
  [Status.AttachmentTooLarge]: (size) =>
    new Error(`A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was ${size} bytes.`),
};

const responseRefusals: { [status: number]: () => Error } = {
  [Status.Accepted]: () => new TypeError("Can't return WebSocket in a Response after calling accept()."),
  [Status.Hibernatable]: () =>
    new TypeError("Can't return WebSocket in a Response after calling acceptWebSocket()."),
  [Status.Spent]: () => new TypeError("Can't return WebSocket that was already used in a response."),
};

/** The peer broke a rule. Which one is a `code`, hidden as that of `connectionLost`. */
export function protocolFault(statusCode: number, description: string, values: Record<string, unknown>): Error {
  const text = `WebSocket protocol error; protocolError.statusCode = ${statusCode}; protocolError.description = ${description}`;
  return hide(new Error(text), values);
}

/**
 * The other side is gone, or was never there. To what the runtime shows comes why, where no copy
 * and no list of keys shows it: a `cause`, and its `code` as Node has them (`ECONNREFUSED`, …).
 */
export function connectionLost(cause?: unknown): Error {
  const error = Object.assign(new Error('Network connection lost.'), { retryable: true });
  return hide(error, { cause, code: codeOf(cause) });
}

/** Gives it properties that no copy and no list of keys shows. */
function hide(error: Error, values: Record<string, unknown>): Error {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(error, name, { value, writable: true, configurable: true });
  }
  return error;
}

function codeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  // A DOMException has a number, which Node gives a name.
  if (cause.name === 'AbortError') return 'ABORT_ERR';
  if (cause.name === 'TimeoutError') return 'ETIMEDOUT';
  const { code } = cause as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}

/** Errors in the runtime's words that several parts say. */

export function notOfType(method: string, of: string, parameter: number, type: string): TypeError {
  return new TypeError(`Failed to execute '${method}' on '${of}': parameter ${parameter} is not of type '${type}'.`);
}

export function illegalInvocation(): TypeError {
  return new TypeError(
    'Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.',
  );
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

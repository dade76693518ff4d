/** From any JavaScript value to what a parameter takes, as Web IDL converts. */

import { types } from 'node:util';

/** To a 32-bit integer, which must fit. */
export function toInt32(value: unknown): number {
  // Unary plus, because Number() takes a bigint.
  const number = Math.trunc(+(value as number));
  if (!Number.isFinite(number)) return 0;
  if (number < -(2 ** 31) || number >= 2 ** 31) {
    throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
  }
  // Without the sign of -0.
  return number | 0;
}

/** To a string. A template, because String() takes a symbol. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : `${value}`;
}

/** The text that arrives when this one is sent: a lone surrogate is three bytes, and each of them is replaced. */
export function toMessageText(text: string): string {
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, '\ufffd\ufffd\ufffd');
}

/** A copy of the bytes of a buffer or view; undefined for any other value. */
export function copyBytes(value: unknown): ArrayBuffer | undefined {
  if (ArrayBuffer.isView(value)) {
    // A detached buffer has no bytes, but no view can be made on it either.
    if (value.byteLength === 0) return new ArrayBuffer(0);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice().buffer;
  }
  if (!types.isAnyArrayBuffer(value)) return undefined;
  return value.byteLength === 0 ? new ArrayBuffer(0) : new Uint8Array(value).slice().buffer;
}

/** Of any realm: in a test runner's sandbox the global class may be another one. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal || Object.prototype.toString.call(value) === '[object AbortSignal]';
}

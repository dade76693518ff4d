/** The bytes of what programs give: buffers, and views of any kind. */

import { types } from 'node:util';
import { wrongValue } from '../basics/options';

/** What `data` holds, whatever it is seen through. */
export function bytesOf(method: string, data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (data instanceof Uint8Array) return unshared(data);
  if (ArrayBuffer.isView(data)) return unshared(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (types.isAnyArrayBuffer(data)) return unshared(new Uint8Array(data));
  throw wrongValue(method, 'an ArrayBuffer or a view of one', data);
}

/** Another thread could change shared memory between a check and its use. */
export function unshared<T extends Uint8Array>(bytes: T): T | Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.prototype.slice.call(bytes);
}

/** A message for many connections. */

import { bytesOf } from './buffer-source';
import { native } from './native';

/**
 * A message that is framed once, and compressed once for all connections that agreed on the same,
 * however many it is sent on.
 */
export class Prepared {
  /** @internal */
  readonly native: object;

  /** @param data a string for a text message, else bytes, which are copied */
  constructor(data: string | ArrayBufferLike | ArrayBufferView) {
    this.native = typeof data === 'string' ? native.preparedText(data) : native.preparedBinary(bytesOf('Prepared', data));
  }
}

/** What comes of asking a server for a connection. */

import type { Readable } from 'node:stream';
import type { Negotiated } from '../engine/engine';
import type { Carrier } from './link';

export type Outcome =
  | { open: true; socket: Carrier; early: Buffer; agreed: Negotiated; headers: string[] }
  /** The server said no in plain HTTP. */
  | { open: false; status: number; phrase: string; headers: string[]; body: Readable };

/** Why an answer cannot be relied on, or did not come. */
export class Unanswered extends Error {
  constructor(
    message: string,
    readonly code: 'EPROTO' | 'ETIMEDOUT',
  ) {
    super(message);
  }
}

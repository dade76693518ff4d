/** What the network takes and gives. */

import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';

/** As `tls.connect` takes them: `ca`, `cert`, `rejectUnauthorized`, … */
export type TlsOptions = TlsConnectionOptions;

/** Wishes about permessage-deflate. */
export interface DeflateWishes {
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
  /** 9 to 15. A server's default: 12. */
  serverMaxWindowBits?: number;
  clientMaxWindowBits?: number;
}

/** What `new WebSocket` takes beside the standard shape. */
export interface ClientOptions {
  headers?: ConstructorParameters<typeof globalThis.Headers>[0];
  tls?: TlsOptions;
  /** Milliseconds until the connection has to be open. Default 30 s. */
  connectTimeout?: number;
  /** Gives the attempt up. */
  signal?: AbortSignal;
  /** Whether to offer to compress messages. Default as the compatibility date says: yes since 2023-08-15. */
  deflate?: boolean | DeflateWishes;
  /** Longest message accepted. Default 32 MiB. */
  maxMessage?: number;
  /** Most frames that a message may come in. Default 16384. */
  maxFragments?: number;
}

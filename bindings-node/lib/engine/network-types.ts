/** What the network takes and gives. */

import type { ClientHttp2Session } from 'node:http2';
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

/**
 * Whether a connection is a stream of HTTP/2 (RFC 8441): on a session of the program's, or, with true, on one that is
 * kept for its origin; where the server has none, HTTP/1.1.
 */
export type SessionChoice = ClientHttp2Session | boolean;

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
  /** Default false. */
  http2?: SessionChoice;
}

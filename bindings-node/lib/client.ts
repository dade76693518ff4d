/** `new WebSocket(url)`. */

import type { End, Shell } from './end';

/** The end for a client that is going to connect. Throws for arguments that it cannot take. */
export function connect(_shell: Shell, _url: string, _protocols: unknown, _options: unknown): End {
  throw new Error('new WebSocket(url) is not there yet');
}

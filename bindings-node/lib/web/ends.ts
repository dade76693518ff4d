/** Ends on their way between programs and the network. */

import { End, type Shell } from './end';
import { Side } from './side';
import type { Runtime, WebSocket } from './types';
import { endOf, type Sockets } from './websocket';
import { Wire } from './wire';

/** The classes of a compatibility date, and how the rest of the package makes ends of them. */
export interface Host {
  readonly classes: Runtime;
  readonly shell: Shell;
  readonly sockets: Sockets;
}

/**
 * Gives the end that a response carries to the network. The other end talks to the wire then.
 *
 * Throws what the runtime logs when that end cannot go out: the client gets its 101 all the same,
 * and then the connection is dropped.
 */
export function takeEnd(socket: WebSocket): Wire {
  const end = endOf(socket);
  if (end === undefined) throw new TypeError('not a WebSocket');
  return end.give();
}

/** A fresh end for a connection that was made, as `fetch` gives it, and the wire under it. */
export function endOnWire({ shell, sockets }: Host): { socket: WebSocket; wire: Wire } {
  const [own, far] = Side.pair(shell.compat.bits);
  return { socket: sockets.face(new End(own, shell)), wire: new Wire(far) };
}

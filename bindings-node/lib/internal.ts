/** What the network needs of the pair; no part of the package's surface. */

import { End } from './end';
import type { Host } from './runtime';
import { Side } from './side';
import type { WebSocket } from './types';
import { endOf } from './websocket';
import { Wire } from './wire';

export { ClientEnd } from './client-end';
export { Compat } from './compat';
export type { Shell } from './end';
export { report, setReporter } from './report';
export { adopt as adoptResponse } from './response';
export { type Host, hostFor, newest } from './runtime';
export type { Message } from './side';
export { type Outgoing, Wire } from './wire';

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

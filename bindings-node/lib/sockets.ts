/** How sockets end. */

import type { Stream } from './link';
import { clearTimeout, setTimeout } from './timers';

/** How long a peer may take to end its side, once all is said. */
export const GRACE = 2_000;

/** Ends the write side, and drops the socket when the peer has ended its own, or in any case soon. What still comes is not kept. */
export function endSoon(socket: Stream): void {
  const drop = () => socket.destroy();
  const timer = setTimeout(drop, GRACE).unref();
  socket.on('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
  if (socket.readableEnded) socket.once('finish', drop);
  else socket.once('end', drop);
}

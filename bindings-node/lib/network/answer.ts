/** Answers that are sent on sockets of node:http, whoever holds these. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { report } from '../basics/report';
import { observe, tellOfRequest } from './channels';
import { sendText, Unanswerable } from './exchange';
import type { Stream } from './link';
import { endSoon } from './sockets';

/** A request whose socket node:http gave away. */
export interface Asked {
  message: IncomingMessage;
  socket: Stream;
  /** When it came, by `clock`. */
  began: number;
}

/** Waits for the answers to requests before this one, which node:http does not. */
export async function answersBefore(socket: Stream & { _httpMessage?: ServerResponse | null }): Promise<void> {
  for (let before; socket.writable && (before = socket._httpMessage); ) {
    await new Promise((resolve) => before!.once('close', resolve));
  }
}

/** Answers on a socket that node:http gave away, and ends it. */
export function answer({ message, socket, began }: Asked, how: (to: ServerResponse) => unknown, signal?: AbortSignal): Promise<void> {
  const to = new ServerResponse(message);
  observe(message, to, began);
  to.shouldKeepAlive = false;
  to.assignSocket(socket as Socket);
  // Then nothing of it is read any more that is to be sent.
  if (socket.destroyed) to.destroy().emit('close');
  const drained = () => to.emit('drain');
  socket.on('drain', drained);
  to.on('finish', () => {
    to.detachSocket(socket as Socket);
    socket.off('drain', drained);
    endSoon(socket);
  });
  // What still comes is nobody's, but its end is to be heard of.
  socket.resume();
  return respond(to, signal, how);
}

/** Ends a socket whose client is gone. */
export function leave({ message, socket, began }: Asked): void {
  tellOfRequest(message, undefined, began);
  endSoon(socket);
}

/** @param signal aborted when the client is gone */
export async function respond(to: ServerResponse, signal: AbortSignal | undefined, how: (to: ServerResponse) => unknown): Promise<void> {
  try {
    await how(to);
  } catch (error) {
    if (error instanceof Unanswerable) return sendText(to, error.status, error.message);
    if (!signal?.aborted || !isOfClient(error, signal)) report(error);
    if (to.headersSent) to.destroy();
    else sendText(to, 500, 'Internal Server Error');
  }
}

/** Whether it only says that the client is gone, which is nobody's fault. */
function isOfClient(error: unknown, signal: AbortSignal): boolean {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown };
  if (error === signal.reason || name === 'AbortError' || code === 'ECONNRESET') return true;
  return cause !== undefined && isOfClient(cause, signal);
}

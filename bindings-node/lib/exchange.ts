/** Between node:http and the classes of fetch: requests one way, ordinary responses the other. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pairs } from './handshake';

/** @param signal aborted when the client is gone */
export function toRequest(message: IncomingMessage, signal: AbortSignal): Request {
  const secure = 'encrypted' in message.socket;
  const { method = 'GET', url = '/', headers } = message;
  const target = url.startsWith('/') ? `http${secure ? 's' : ''}://${headers.host ?? 'localhost'}${url}` : url;
  const bodiless = method === 'GET' || method === 'HEAD';
  return new Request(target, {
    method,
    headers: pairs(message.rawHeaders),
    signal,
    ...(bodiless ? {} : { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' as const }),
  } as RequestInit);
}

/** Sends a response, its body as it comes. */
export async function send(response: Response, to: ServerResponse, method: string | undefined): Promise<void> {
  to.statusCode = response.status;
  if (response.statusText !== '') to.statusMessage = response.statusText;
  const cookies = response.headers.getSetCookie();
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') to.setHeader(name, value);
  }
  if (cookies.length > 0) to.setHeader('set-cookie', cookies);
  const { body } = response;
  if (body === null || method === 'HEAD') {
    await body?.cancel();
    to.end();
    return;
  }
  to.flushHeaders();
  // Where the client goes away the body is cancelled, and nobody is to blame.
  await pipeline(Readable.fromWeb(body as never), to).catch(() => to.destroy());
}

export function sendError(to: ServerResponse): void {
  if (to.headersSent) return void to.destroy();
  to.statusCode = 500;
  to.setHeader('content-type', 'text/plain; charset=utf-8');
  to.end('Internal Server Error');
}

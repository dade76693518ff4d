/** A line on the console for each request, and for each connection when it ends. */

import { subscribe } from 'node:diagnostics_channel';
import { type ClosedMessage, type RequestMessage } from '../network/channels';

export function printLines(): void {
  subscribe('wspair.request', (message) => {
    const { method, url, status, duration } = message as RequestMessage;
    console.log(`${method} ${url} ${status ?? 'gone'} ${duration.toFixed()} ms`);
  });
  subscribe('wspair.closed', (message) => {
    const { url, code, reason } = message as ClosedMessage;
    console.log(`closed ${url} ${code}${reason && ` ${JSON.stringify(reason)}`}`);
  });
}

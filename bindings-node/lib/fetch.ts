/** `fetch`: the global one, that also opens connections. */

import { Readable } from 'node:stream';
import { usual } from './coupling';
import { dial } from './dial';
import { connectionLost } from './errors';
import { pairs, wishes } from './handshake';
import { adoptResponse, endOnWire, type Host } from './internal';
import { native } from './native';
import type * as dom from './types';

export function defineFetch(host: Host): dom.Fetch {
  return async function fetch(input, init) {
    const address = typeof input === 'object' && 'url' in input ? input.url : String(input);
    const url = new URL(address);
    if (url.protocol === 'ws:' || url.protocol === 'wss:') throw new TypeError(`Fetch API cannot load: ${address}`);
    const request = new Request(input as string, init as RequestInit);
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      return adoptResponse(await globalFetch(request));
    }
    return open(host, url, request);
  };
}

async function open(host: Host, url: URL, { headers, signal }: Request): Promise<dom.Response> {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  const subprotocols = split(headers.get('sec-websocket-protocol'));
  // Those of the handshake are written by the core.
  const fields = [...headers].filter(([name]) => !handshake.has(name)).flat();
  const deflate = wishes(host.shell.compat.has('web_socket_compression'));
  const request = new native.ClientRequest(url.href, { subprotocols, fields, deflate });
  const outcome = await dial({ url: url.href, request, signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : connectionLost(error);
  });
  if (!outcome.open) {
    const { response } = outcome;
    const status = response.statusCode!;
    const body = [204, 205, 304].includes(status) ? null : (Readable.toWeb(response) as ReadableStream);
    return new host.classes.Response(body, { status, statusText: response.statusMessage ?? '', headers: pairs(response.rawHeaders) });
  }
  const { socket, wire } = endOnWire(host);
  usual.couple(true, outcome.socket, outcome.early, outcome.agreed, wire);
  return new host.classes.Response(null, { status: 101, webSocket: socket, headers: pairs(outcome.headers) });
}

function split(list: string | null): string[] {
  return (list ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
}

/** Before anyone puts this one in its place. */
const globalFetch = globalThis.fetch;

const handshake = new Set([
  'connection',
  'content-length',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

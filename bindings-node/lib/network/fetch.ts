/** `fetch`: the global one, that also opens connections. */

import { Readable } from 'node:stream';
import { wrongValue } from '../basics/options';
import { pairs, wishes } from '../engine/handshake';
import { native } from '../engine/native';
import type { SessionChoice } from '../engine/network-types';
import { Body, contentLength, setLength } from '../web/body';
import { endOnWire, type Host } from '../web/ends';
import { connectionLost } from '../web/errors';
import { Request } from '../web/request';
import { adopt as adoptResponse } from '../web/response';
import type * as dom from '../web/types';
import { usual } from './coupling';
import { dial } from './dial';
import { passedOn } from './hop';
import { sessionRule } from './http2/client';

export function defineFetch(host: Host): dom.Fetch {
  return async function fetch(input, init) {
    const address = typeof input === 'object' && 'url' in input ? input.url : String(input);
    const url = new URL(address);
    if (url.protocol === 'ws:' || url.protocol === 'wss:') throw new TypeError(`Fetch API cannot load: ${address}`);
    const request = new Request(input as string, init as RequestInit);
    const http2 = init?.http2 ?? false;
    if (!sessionRule.isType(http2)) throw wrongValue('Option "http2" of fetch', sessionRule.what, http2);
    if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') return open(host, url, request, http2);
    return ask(await passOn(request, init?.body != null && !(init instanceof Request)));
  };
}

async function ask(request: Request): Promise<dom.Response> {
  const response = await globalFetch(request);
  const { body, headers } = response;
  const length = contentLength(headers.get('content-length'));
  // Else the body was decoded.
  if (body !== null && length !== undefined && !headers.has('content-encoding')) setLength(body, length);
  return adoptResponse(response);
}

/**
 * Without the fields that another connection had for itself; `Host` too is the address's to say.
 *
 * @param isNewBody whether the body is another than the fields were written for
 */
async function passOn(request: Request, isNewBody: boolean): Promise<Request> {
  const { headers } = request;
  const declared = contentLength(headers.get('content-length'));
  const kept = new Set(passedOn([...headers]).map(([name]) => name));
  for (const name of [...headers.keys()]) if (!kept.has(name) || name === 'host') headers.delete(name);
  if (request.body === null || isNewBody || declared === undefined) return request;
  // What is there at once is sent with its own length. Else it is the declared one, which fetch keeps to.
  const body = await Body.begin(request.body);
  if (body.complete) return new Request(request, { body: Buffer.concat(body.beginning) });
  const streamed = new Request(request, { body: body.stream(), duplex: 'half' } as RequestInit);
  streamed.headers.set('content-length', String(declared));
  return streamed;
}

async function open(host: Host, url: URL, { headers, signal }: Request, http2: SessionChoice): Promise<dom.Response> {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  const subprotocols = split(headers.get('sec-websocket-protocol'));
  // Those of the handshake are written by the core.
  const fields = passedOn([...headers]).filter(([name]) => !handshake.has(name)).flat();
  const deflate = wishes(host.shell.compat.has('web_socket_compression'));
  const request = new native.ClientRequest(url.href, { subprotocols, fields, deflate });
  const outcome = await dial({ url: url.href, request, signal, http2 }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : connectionLost(error);
  });
  if (!outcome.open) {
    const { status, phrase: statusText, headers } = outcome;
    const body = [204, 205, 304].includes(status) ? null : (Readable.toWeb(outcome.body) as ReadableStream);
    return new host.classes.Response(body, { status, statusText, headers: pairs(headers) });
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
  'host',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
]);

/** A request for a WebSocket by an extended CONNECT (RFC 8441). To a Worker it looks like one of HTTP/1.1. */

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { clock } from '../../basics/timers';
import { type Answer, native } from '../../engine/native';
import { type Asked, respond } from '../answer';
import { observe, tellOfRequest } from '../channels';
import { type Message, type Outgoing, sendRefusal } from '../exchange';
import { StreamResponse } from './response';
import { StreamCarrier } from './stream';

export class Connect implements Asked {
  readonly message: Message;
  readonly socket: StreamCarrier;
  private readonly fields: string[];
  private readonly began = clock();

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) {
    this.fields = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().flatMap((value) => [name, value]));
    this.socket = new StreamCarrier(stream);
    this.message = asUpgrade(headers, this.fields, peerOf(stream));
  }

  judge(policy: object, extra: string[] = []): Answer {
    return native.connectAnswer(this.fields, this.stream.endAfterHeaders, policy, extra);
  }

  accept({ status, fields }: Answer): void {
    const { stream } = this;
    // It may be gone.
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ':status': status, ...Object.fromEntries(grouped(fields)) });
    tellOfRequest(this.message, status, this.began);
  }

  answer(how: (to: Outgoing) => unknown, signal?: AbortSignal): Promise<void> {
    const to = new StreamResponse(this.stream);
    observe(this.message, to, this.began);
    this.stream.resume();
    return respond(to, signal, how);
  }

  /** Says no as the core does: what is malformed is not answered. */
  async refuse(refusal: Answer): Promise<void> {
    if (!refusal.malformed) return this.answer((to) => sendRefusal(to, refusal));
    tellOfRequest(this.message, undefined, this.began);
    this.stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
    this.stream.destroy();
  }

  leave(): void {
    tellOfRequest(this.message, undefined, this.began);
    this.socket.destroy();
  }
}

/** Who asks; it may be gone. */
function peerOf({ session }: ServerHttp2Stream): Message['socket'] {
  if (session === undefined || session.destroyed) return {};
  const { remoteAddress, localAddress, localPort } = session.socket;
  return { remoteAddress, localAddress, localPort, ...(session.encrypted && { encrypted: true }) };
}

/** As the same client would ask over HTTP/1.1; there is no key. */
function asUpgrade(headers: IncomingHttpHeaders, fields: string[], socket: Message['socket']): Message {
  const host = headers[':authority'] ?? headers.host ?? '';
  const upgrade = ['host', host, 'upgrade', 'websocket', 'connection', 'Upgrade'];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    if (!name.startsWith(':') && name !== 'host') upgrade.push(name, fields[at + 1]!);
  }
  return {
    method: 'GET',
    url: headers[':path'] ?? '',
    httpVersion: '2.0',
    headers: { ...headers, host, upgrade: 'websocket' },
    rawHeaders: upgrade,
    socket,
  };
}

/** By name; a name that occurs again has a list. */
function grouped(fields: string[]): Map<string, string | string[]> {
  const all = new Map<string, string | string[]>();
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at]!, fields[at + 1]!];
    const before = all.get(name);
    all.set(name, before === undefined ? value : [before, value].flat());
  }
  return all;
}

/** Asks for a connection on a stream of a session of HTTP/2 (RFC 8441). */

import { constants, type ClientHttp2Session, type IncomingHttpHeaders, type IncomingHttpStatusHeader, type OutgoingHttpHeaders } from 'node:http2';
import type { Rule } from '../../basics/options';
import type { NativeClientRequest } from '../../engine/native';
import { type Outcome, Unanswered } from '../outcome';
import { StreamCarrier } from './stream';

export const sessionRule: Rule = {
  what: 'true, false or a ClientHttp2Session',
  isType: (value) => typeof value === 'boolean' || typeof (value as Partial<ClientHttp2Session> | null)?.request === 'function',
};

/**
 * Asks on a session that takes WebSockets. Rejects where there is no answer to rely on.
 *
 * @param signal gives it up
 */
export function ask(session: ClientHttp2Session, request: NativeClientRequest, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stream = session.request(grouped(request.connectFields()), { endStream: false });
    const carrier = new StreamCarrier(stream);
    const abort = () => {
      carrier.cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    const settle = () => signal.removeEventListener('abort', abort);
    let fault: Error | undefined;
    stream.on('error', (error) => (fault = error));
    stream.on('close', () => {
      settle();
      reject(stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? new Refused() : (fault ?? new Unanswered('the stream was reset', 'EPROTO')));
    });
    stream.on('response', (answer: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
      settle();
      const { ':status': status = 0, ...rest } = answer;
      const headers = flat(rest);
      if (status < 200 || status > 299) {
        stream.end();
        return resolve({ open: false, status, phrase: '', headers, body: stream });
      }
      try {
        const agreed = request.verifyConnect(status, headers);
        // What a program sees of an answer that opens a connection is what it sees over HTTP/1.1.
        resolve({ open: true, socket: carrier, early: NOTHING, agreed, headers: [...headers, 'upgrade', 'websocket', 'connection', 'Upgrade'] });
      } catch (error) {
        stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
        reject(new Unanswered((error as Error).message, 'EPROTO'));
      }
    });
  });
}

/** The server has not looked at it, so that it can be asked again elsewhere (RFC 9113 8.7). */
export class Refused extends Unanswered {
  constructor() {
    super('the server takes no more streams', 'EPROTO');
  }
}

/**
 * Whether the server of a session takes WebSockets, once it has said so: its settings come before all else (RFC 8441
 * 3).
 */
export async function takesWebSockets(session: ClientHttp2Session, signal: AbortSignal): Promise<boolean> {
  const takes = () => session.remoteSettings.enableConnectProtocol === true;
  if (!takes()) {
    let told = telling.get(session);
    if (told === undefined) telling.set(session, (told = settled(session)));
    await unlessAborted(told, signal);
  }
  return takes();
}

const telling = new WeakMap<ClientHttp2Session, Promise<void>>();

/** Resolves when the settings of the server are here. */
function settled(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Unanswered('the session is closed', 'EPROTO'));
    if (session.destroyed) return closed();
    session.once('remoteSettings', () => resolve()).once('error', reject).once('close', closed);
    // They may be here already, and are not told again: what answers this comes behind them.
    const ping = () => void session.ping(() => resolve());
    if (session.connecting) session.once('connect', ping);
    else ping();
  });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function grouped(fields: string[]): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = {};
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at]!, fields[at + 1]!];
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat().map(String);
  }
  return all;
}

function flat(headers: IncomingHttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().flatMap((value) => [name, value]));
}

const NOTHING = Buffer.alloc(0);

/** `new WebSocket(url)`. */

import { checkOptions, milliseconds, object, type Rules } from '../basics/options';
import { connectionRules } from '../engine/connection';
import { deflateRule, pairs, wishes } from '../engine/handshake';
import { type NativeClientRequest, native } from '../engine/native';
import type { ClientOptions } from '../engine/network-types';
import { isAbortSignal, toText } from '../web/convert';
import type { End, Shell } from '../web/end';
import { connectionLost } from '../web/errors';
import { ClientEnd } from './client-end';
import { Coupler, usual } from './coupling';
import { dial } from './dial';
import { sessionRule } from './http2/client';

/** The end for a client that is going to connect. Throws for arguments that it cannot take. */
export function connect(shell: Shell, url: string, protocols: unknown, options: ClientOptions = {}): End {
  checkOptions('a WebSocket', options, clientRules);
  const address = checkUrl(url);
  const request = ask(address, protocols, options, shell.compat.has('web_socket_compression'));
  const end = new ClientEnd(shell, url);
  void open(end, address, request, options);
  return end;
}

async function open(end: ClientEnd, url: string, request: NativeClientRequest, options: ClientOptions): Promise<void> {
  const { tls, connectTimeout, signal, maxMessage, maxFragments, http2 } = options;
  const given = new AbortController();
  end.onabort = () => given.abort();
  // Not AbortSignal.any, which takes those of its own realm only.
  const abort = () => given.abort(signal!.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  try {
    const outcome = await dial({ url, request, tls, connectTimeout, signal: given.signal, http2 });
    if (!outcome.open) {
      outcome.body.destroy();
      throw new NotSwitched(outcome.status);
    }
    const { socket, early, agreed, headers } = outcome;
    const coupler =
      maxMessage === undefined && maxFragments === undefined
        ? usual
        : new Coupler({ ...(maxMessage !== undefined && { maxMessage }), ...(maxFragments !== undefined && { maxFragments }) });
    // Closed by the program before it is told of the connection.
    end.onabort = () => {
      socket.destroy();
      end.refused(connectionLost(given.signal.reason));
    };
    if (given.signal.aborted) return end.onabort();
    end.opened(agreed.subprotocol ?? null, header(headers, 'sec-websocket-extensions'), () => {
      coupler.couple(true, socket, early, agreed, end.wire);
    });
  } catch (error) {
    end.refused(error instanceof NotSwitched ? error.asTypeError() : connectionLost(error));
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

class NotSwitched extends Error {
  constructor(private readonly status: number) {
    super();
  }

  asTypeError(): TypeError {
    return new TypeError(
      'Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 ' +
        `(switching protocols), but received ${this.status} instead.`,
    );
  }
}

function checkUrl(url: string): string {
  // The runtime asks for more than the standard, which would mend it.
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || !URL.canParse(url)) throw syntaxError('The url is invalid.');
  const address = new URL(url);
  if (address.protocol !== 'ws:' && address.protocol !== 'wss:') {
    throw syntaxError('The url scheme must be ws or wss.');
  }
  if (url.includes('#')) throw syntaxError('The url fragment must be empty.');
  return address.href;
}

function ask(url: string, protocols: unknown, options: ClientOptions, compresses: boolean): NativeClientRequest {
  const many = Array.isArray(protocols);
  const subprotocols = many ? Array.from(protocols, toText) : protocols === undefined ? [] : [toText(protocols)];
  const deflate = wishes(options.deflate ?? compresses);
  const fields = options.headers === undefined ? [] : [...new Headers(options.headers)].flat();
  try {
    return new native.ClientRequest(url, { subprotocols, fields, deflate });
  } catch (error) {
    switch ((error as Error).message) {
      case 'subprotocol is not a token':
        throw syntaxError(many ? 'One of the protocol header tokens is invalid.' : 'The protocol header token is invalid.');
      case 'subprotocol is offered twice':
        throw syntaxError('The protocols header cannot have repeating values.');
    }
    throw syntaxError(fields.length > 0 ? (error as Error).message : 'The url is invalid.');
  }
}

function header(fields: string[], name: string): string | null {
  return pairs(fields).find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

function syntaxError(text: string): DOMException {
  return new DOMException(`WebSocket Constructor: ${text}`, 'SyntaxError');
}

const clientRules: Rules = {
  headers: object('what Headers takes'),
  tls: object('an object of what tls.connect takes'),
  connectTimeout: milliseconds,
  signal: { what: 'an AbortSignal', isType: isAbortSignal },
  deflate: deflateRule,
  maxMessage: connectionRules['maxMessage']!,
  maxFragments: connectionRules['maxFragments']!,
  http2: sessionRule,
};

/**
 * The opening handshake as fields that another HTTP stack carries: an extended CONNECT over HTTP/2 or HTTP/3 (RFC 8441,
 * RFC 9220), and for those who parse HTTP/1.1 themselves an upgrade.
 */

import { boolean, checkOptions, fields, type Rules, text, wrongValue } from '../basics/options';
import type { Negotiated } from './engine';
import {
  acceptRules,
  flat,
  type HandshakeAcceptOptions,
  type HandshakeRequest as Asked,
  type HeaderFields,
  pairs,
  type RequestOptions,
  requestRules,
  told,
  wishes,
} from './handshake';
import { type Answer, native } from './native';

/** How a connection is asked for. */
export type Bootstrap = 'upgrade' | 'extended-connect';

/** A request as another HTTP stack parsed it. */
export interface RequestFields {
  /** Default that of the pseudo-field `:method`. */
  method?: string;
  /** Path and query. Default those of `:path`. */
  target?: string;
  /** With the pseudo-fields, before all others. */
  headers: HeaderFields;
  /** Default `extended-connect`. */
  bootstrap?: Bootstrap;
  /** Whether the stream ended with them, which is refused. Default no. */
  endStream?: boolean;
}

/** An answer for that stack to send. */
export interface FieldsAnswer {
  status: number;
  headers: [string, string][];
}

export interface FieldsRefusal extends FieldsAnswer {
  state: 'refused';
  cause: string;
  body: Buffer;
  /** HTTP/2 and HTTP/3 answer by a reset of the stream: PROTOCOL_ERROR (0x1), H3_MESSAGE_ERROR (0x10e). */
  malformed: boolean;
}

export interface FieldsAcceptance extends FieldsAnswer {
  state: 'accepted';
  negotiated: Negotiated;
}

/** A valid request, to be accepted or refused. */
export interface FieldsAsked {
  state: 'request';
  request: Asked;
  /** Says yes, unless the origin may not connect. */
  accept(options?: HandshakeAcceptOptions): FieldsAcceptance | FieldsRefusal;
}

/** Checks a request. */
export function fromFields(given: RequestFields): FieldsAsked | FieldsRefusal {
  checkOptions('fromFields', given, parsedRules);
  const { method, target, bootstrap = 'extended-connect', endStream = false } = given;
  const parsed = {
    connect: bootstrap === 'extended-connect',
    ...(method !== undefined && { method }),
    ...(target !== undefined && { target }),
    fields: flat('headers', given.headers),
    endStream,
  };
  const { request, refusal } = told(() => native.fieldsRequest(parsed));
  if (request === undefined) return refused(refusal!);
  const { fields, origin, ...rest } = request;
  return {
    state: 'request',
    request: { ...rest, origin, headers: pairs(fields) },
    accept(options = {}) {
      checkOptions('accept', options, acceptRules);
      const extra = flat('headers', options.headers);
      const answer = told(() => {
        const policy = native.serverPolicy({ ...options, deflate: wishes(options.deflate) });
        return native.fieldsAnswer(parsed, policy, options.subprotocol, extra);
      });
      const { agreed, status } = answer;
      if (agreed === undefined) return refused(answer);
      return { state: 'accepted', status, headers: pairs(answer.fields), negotiated: agreed };
    },
  };
}

function refused({ status, fields, content, cause, malformed }: Answer): FieldsRefusal {
  return { state: 'refused', status, headers: pairs(fields), body: content!, cause: cause!, malformed };
}

/** What a client asks for; `HandshakeRequest.fromFields` reads it from fields. */
export const HandshakeRequest = { fromFields };
export type HandshakeRequest = Asked;

export interface ClientFieldsOptions extends RequestOptions {
  /** Default `extended-connect`. */
  bootstrap?: Bootstrap;
  /** 16 bytes that nobody can guess, used once. An extended CONNECT needs none. */
  nonce?: Uint8Array;
}

/**
 * The fields that ask for a connection, with the pseudo-fields of an extended CONNECT; an upgrade is a GET with them.
 */
export function clientFields(url: string, options: ClientFieldsOptions = {}): [string, string][] {
  const { connect, asked, nonce } = asking(options);
  return pairs(told(() => native.clientFields(connect, `${url}`, asked, nonce)));
}

export type FieldsProgress =
  | { state: 'open'; negotiated: Negotiated }
  /** The answer does not open a connection, or can't be relied on. */
  | { state: 'failed'; reason: string };

/**
 * What an answer agrees to.
 *
 * @param url as the fields were made for, with the same options
 */
export function verifyFields(url: string, answer: { status: number; headers: HeaderFields }, options: ClientFieldsOptions = {}): FieldsProgress {
  const { connect, asked, nonce } = asking(options);
  const fields = flat('headers', answer.headers);
  // Of the question itself.
  told(() => native.clientFields(connect, `${url}`, asked, nonce));
  try {
    return { state: 'open', negotiated: native.verifyFields(connect, `${url}`, asked, nonce, answer.status, fields) };
  } catch (error) {
    return { state: 'failed', reason: (error as Error).message };
  }
}

function asking(options: ClientFieldsOptions) {
  checkOptions('a request', options, clientRules);
  const { bootstrap = 'extended-connect', nonce, subprotocols = [], headers, deflate } = options;
  const connect = bootstrap === 'extended-connect';
  if (!connect && nonce === undefined) throw wrongValue('An upgrade', 'a nonce', nonce);
  const asked = { subprotocols: [...subprotocols], fields: flat('headers', headers), deflate: wishes(deflate) };
  return { connect, asked, nonce: nonce ?? new Uint8Array(16) };
}

const bootstrapRule = {
  what: '"upgrade" or "extended-connect"',
  isType: (value: unknown) => value === 'upgrade' || value === 'extended-connect',
};

const parsedRules: Rules = { method: text, target: text, headers: fields, bootstrap: bootstrapRule, endStream: boolean };

const clientRules: Rules = {
  ...requestRules,
  bootstrap: bootstrapRule,
  nonce: { what: '16 bytes', isType: (value) => value instanceof Uint8Array && value.length === 16 },
};

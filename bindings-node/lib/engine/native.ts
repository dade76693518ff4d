/** What the native half has. */

import type { Negotiated } from './engine';
import { load } from './load';

/** A pair has an id; an end of it has a handle, twice the id plus 0 or 1. See src/pair.rs. */
export interface Native {
  compat(year: number | undefined, month: number, day: number, flags: string[]): { bits: number; on: string[]; unknown: string[] };
  pairNew(bits: number): number;
  pairFree(id: number): number;
  pairCount(): number;
  pairAccept(handle: number, halfOpen?: number): Status;
  pairAcceptHibernatable(handle: number): Status;
  pairPhase(handle: number): Phase;
  pairHasEvent(handle: number): number;
  pairSend(handle: number, size: number): Status;
  pairClose(handle: number, code?: number, reason?: string): Status;
  pairPoll(handle: number): number;
  pairReason(handle: number): string;
  pairEventDone(handle: number): void;
  pairState(handle: number): 0 | 1 | 2 | 3;
  pairBuffered(handle: number): number;
  pairCongested(handle: number): number;
  pairFail(handle: number): void;
  pairAbandon(handle: number): void;
  pairCouple(handle: number): Status;
  pairOutgoing(handle: number): number;
  pairOutgoingReason(handle: number): string;
  pairSent(handle: number): void;
  pairDeliver(handle: number, size: number): Status;
  pairDeliverClose(handle: number, code: number | undefined, reason: string): void;
  pairDeliverEnd(handle: number): void;
  pairDeliverError(handle: number): void;
  pairAttach(handle: number, bytes: Uint8Array): Status;
  pairAttachment(handle: number): Buffer | null;

  /** Records, see src/shared.rs. */
  connShared: ArrayBuffer;
  connConfig(options: object): object;
  connNew(client: boolean, config: object, agreed: Negotiated): number;
  connFree(handle: number): void;
  connCount(): number;
  connReceive(handle: number, bytes: Uint8Array, from: number): number;
  connEof(handle: number): number;
  connLost(handle: number): number;
  connHolds(handle: number, bytes: number): void;
  connHoldInput(handle: number, held: number): void;
  connTimeout(handle: number, now: number): number;
  connEvents(handle: number): number;
  connKept(handle: number, to: Uint8Array): void;
  connKeptText(handle: number): string;
  connReason(handle: number): string;
  connFault(handle: number): { code: number; text: string; rule: string; length?: number } | null;
  connSendText(handle: number, text: string, compression: number): number;
  connSend(handle: number, bytes: Uint8Array, what: number, compression: number): number;
  connSendPrepared(handle: number, message: object, compression: number): number;
  connBeside(handle: number, length: number): number;
  preparedText(text: string): object;
  preparedBinary(bytes: Uint8Array): object;
  connClose(handle: number, code: number | undefined, reason: string): number;
  connPassClose(handle: number, code: number | undefined, reason: string): void;
  connExplain(handle: number, reason: string): number;
  connAbort(handle: number): void;
  connShrink(handle: number): void;
  connFlush(handle: number, to: Uint8Array, from: number): number;
  connHead(handle: number): void;
  connState(handle: number): number;
  decodeText(bytes: Uint8Array, from: number, length: number): string;

  /** Bytes that the peer has not acknowledged; -1 where the system does not say. */
  socketUnsent(fd: number): number;

  acceptKey(key: string): string;
  serverPolicy(options: object): object;
  originRefusal(policy: object, origin: string | undefined): Answer | null;
  upgradeAnswer(line: RequestLine, fields: string[], policy: object, extra: string[]): Answer;
  connectAnswer(fields: string[], endStream: boolean, policy: object, extra: string[]): Answer;
  fieldsRequest(parsed: Parsed): { request?: NativeRequest; refusal?: Answer };
  fieldsAnswer(parsed: Parsed, policy: object, subprotocol: string | undefined, extra: string[]): Answer;
  clientFields(connect: boolean, url: string, options: object, nonce: Uint8Array): string[];
  verifyFields(connect: boolean, url: string, options: object, nonce: Uint8Array, status: number, fields: string[]): Negotiated;
  refusalResponse(status: number, fields: string[], content: Uint8Array): Buffer;
  ServerHandshake: new (limits?: object) => NativeServerHandshake;
  ClientHandshake: new (url: string, options?: object, limits?: object) => NativeClientHandshake;
  ClientRequest: new (url: string, options?: object) => NativeClientRequest;
  parseAddress(url: string): { secure: boolean; host: string; port: number; target: string };
}

/** A server's answer to a request for a connection: a refusal unless something was agreed on. */
export interface Answer {
  agreed?: Negotiated;
  status: number;
  cause?: string;
  /** Of a refusal: HTTP/2 has no answer to it but a reset. */
  malformed: boolean;
  /** The fields and content, for node:http and node:http2 to send; not of an upgrade, which is written. */
  fields: string[];
  content?: Buffer;
  /** As HTTP/1.1. */
  response: Buffer;
}

/** A request that was parsed; fields are name, value, name, value. */
export interface Parsed {
  connect: boolean;
  method?: string;
  target?: string;
  fields: string[];
  endStream: boolean;
}

export interface NativeRequest {
  target: string;
  authority: string;
  origin?: string;
  subprotocols: string[];
  fields: string[];
}

export interface RequestLine {
  method: string;
  target: string;
  /** As `1.1`. */
  version: string;
}

interface NativeHandshake {
  receive(bytes: Uint8Array): number;
  receiveEof(): void;
  handleTimeout(now: number): void;
  nextTimeout(): number;
}

export interface NativeServerHandshake extends NativeHandshake {
  request(): NativeRequest | null;
  refusal(): Answer | null;
  accept(policy: object, subprotocol: string | undefined, extra: string[]): Answer;
}

export interface NativeClientHandshake extends NativeHandshake {
  request(): Buffer;
  progress(): {
    agreed?: Negotiated;
    status?: number;
    fields?: string[];
    body?: Buffer;
    failure?: string;
  } | null;
}

export interface NativeClientRequest {
  fields(): string[];
  verify(version: string, status: number, fields: string[]): Negotiated;
  /** Of an extended CONNECT. */
  connectFields(): string[];
  verifyConnect(status: number, fields: string[]): Negotiated;
}

/** What a call on an end came to. */
export const enum Status {
  Done,
  Ignored,
  NotAccepted,
  Accepted,
  Hibernatable,
  Spent,
  Closing,
  CloseCode,
  CloseReason,
  ReasonWithoutCode,
  AttachmentTooLarge,
  PeerTaken,
}

/** Who uses an end. */
export const enum Phase {
  Fresh,
  Accepted,
  Hibernatable,
  Spent,
}

/** What `pairPoll` and `pairOutgoing` give: a kind, what else is true, the code of a close in the upper half. */
export const enum Word {
  Nothing,
  Message,
  Close,
  /** Of an event: the end failed. Of what goes out: drop the transport. */
  Fault,
  Kind = 3,
  /** More events wait. */
  More = 4,
  /** The other end closed, rather than vanished. */
  Clean = 8,
  CodeShift = 16,
}

export const native: Native = load();

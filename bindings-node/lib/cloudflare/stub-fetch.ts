/** `fetch` of stubs: what is asked, and what becomes of redirects. */

import { Request } from '../web/request';
import { Response } from '../web/response';
import type * as dom from '../web/types';

export type FetchInput = string | URL | globalThis.Request;
export type FetchInit = ConstructorParameters<typeof globalThis.Request>[1];
type Ask = (request: globalThis.Request) => Promise<dom.Response>;

/** Asks as a stub's `fetch` does. Redirects lead to the same stub, whatever their host. */
export async function fetchBy(ask: Ask, input: FetchInput, init: FetchInit): Promise<dom.Response> {
  let request = toRequest(input, init);
  const body = replayable(init?.body);
  const visited: string[] = [];
  for (;;) {
    const response = answered(request, await unlessAborted(request.signal, () => ask(request)));
    const { url } = request;
    const location = locationOf(request, response);
    if (location === undefined) {
      if (response.url === '') Object.defineProperty(response, 'url', { value: url.split('#', 1)[0], configurable: true });
      if (visited.length > 0) Object.defineProperty(response, 'redirected', { value: true, configurable: true });
      return response;
    }
    visited.push(url);
    if (visited.length > MOST_REDIRECTS) throw new TypeError(`Too many redirects.${visited.join(', ')}`);
    void response.body?.cancel().catch(() => {});
    request = redirected(request, response.status, location, body);
  }
}

function toRequest(input: FetchInput, init: FetchInit): globalThis.Request {
  const given = typeof input === 'object' && input !== null && 'url' in input ? input : undefined;
  const address = given?.url ?? String(input);
  if (!URL.canParse(address)) throw new TypeError(`Invalid URL: ${address}`);
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`Fetch API cannot load: ${address}`);
  const { method, body } = init ?? {};
  if (given?.bodyUsed && (body === undefined || body === null)) throw new TypeError('Cannot reconstruct a Request with a used body.');
  const upper = (method === undefined ? (given?.method ?? 'GET') : `${method}`).toUpperCase();
  if (!methods.has(upper)) throw new TypeError(`Invalid HTTP method string: ${method ?? given?.method}`);
  if (body !== undefined && body !== null && (upper === 'GET' || upper === 'HEAD')) throw new TypeError('Request with a GET or HEAD method cannot have a body.');
  // Neither goes over the wire.
  const isWhole = url.hash === '' && url.username === '' && url.password === '';
  Object.assign(url, { hash: '', username: '', password: '' });
  const whole = isWhole ? (input as string) : given === undefined ? url.href : new Request(url.href, given);
  const request = new Request(whole, { ...init, method: upper });
  if (request.redirect === 'error') throw new TypeError(NO_ERROR_REDIRECT);
  const length = lengthOf(body);
  if (length !== undefined && !request.headers.has('content-length')) request.headers.set('content-length', String(length));
  const cf = (init as { cf?: object } | undefined)?.cf ?? (given as { cf?: object } | undefined)?.cf;
  if (cf !== undefined) Object.defineProperty(request, 'cf', { value: structuredClone(cf), enumerable: true, configurable: true });
  return request;
}

/** Of what is in memory, in bytes; undefined of a stream, or of no body. */
function lengthOf(body: unknown): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof URLSearchParams) return Buffer.byteLength(body.toString());
  if (body instanceof Blob) return body.size;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : undefined;
}

/** What is asked goes on; who asked hears no more of it. */
function unlessAborted<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(reasonOf(signal));
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function reasonOf({ reason }: AbortSignal): unknown {
  if (!(reason instanceof DOMException && reason.name === 'AbortError')) return reason;
  return Object.assign(new DOMException('The operation was aborted', 'AbortError'), { retryable: true });
}

/** What a handler gave, if that is a response. That to HEAD has no body. */
function answered({ method }: globalThis.Request, response: dom.Response): dom.Response {
  const refusal = typeof response?.status !== 'number' || typeof response.headers !== 'object' ? NO_RESPONSE : response.type === 'error' ? ERROR_RESPONSE : undefined;
  if (refusal !== undefined) throw Object.assign(new TypeError(refusal), { remote: true });
  if (method !== 'HEAD' || response.body === null) return response;
  void response.body.cancel().catch(() => {});
  const { status, statusText, headers } = response;
  return new Response(null, { status, statusText, headers });
}

/** Where a response leads, as long as that is followed. */
function locationOf(request: globalThis.Request, response: dom.Response): URL | undefined {
  const location = response.headers.get('location');
  if (request.redirect !== 'follow' || location === null || ![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  if (!URL.canParse(location, request.url)) throw new TypeError('Invalid Location header; unable to follow redirect.');
  return new URL(location, request.url);
}

/** The next request, as https://fetch.spec.whatwg.org/#http-redirect-fetch has it. */
function redirected(request: globalThis.Request, status: number, location: URL, body: BodyInit | undefined): globalThis.Request {
  const isPlain = request.method === 'GET' || request.method === 'HEAD';
  const becomesGet = status === 303 ? !isPlain : status < 303 && request.method === 'POST';
  const headers = new Headers(request.headers);
  if (new URL(request.url).host !== location.host) headers.delete('authorization');
  if (becomesGet) headers.delete('content-length');
  else if (request.body !== null && body === undefined) throw new TypeError(ONE_TIME_BODY);
  const { method, signal } = request;
  return new Request(location.href, { method: becomesGet ? 'GET' : method, headers, signal, ...(!becomesGet && body !== undefined && { body }) });
}

type BodyInit = NonNullable<NonNullable<FetchInit>['body']>;

/** What can be sent once more, as it is in memory. */
function replayable(body: BodyInit | null | undefined): BodyInit | undefined {
  return body === null || (typeof body === 'object' && (Symbol.asyncIterator in body || 'getReader' in body)) ? undefined : body;
}

/** Those that the runtime knows. */
const methods = new Set(
  ('GET HEAD POST PUT DELETE PATCH PURGE OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK ACL REPORT MKACTIVITY CHECKOUT ' +
    'MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE QUERY BAN').split(' '),
);

const MOST_REDIRECTS = 20;
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";
const ERROR_RESPONSE = 'Return value from serve handler must not be an error response (like Response.error())';
const NO_ERROR_REDIRECT =
  'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented since it does not make sense at the edge; ' +
  'use "manual" and check the response status code).';
const ONE_TIME_BODY =
  'A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be ' +
  'retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer.';

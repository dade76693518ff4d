// A client of WebSockets over HTTP/2, from node:http2 and the engine's frames: what the tests of that share.
import { once } from 'node:events';
import http2 from 'node:http2';
import { Connection } from 'wspair';
import { until } from './helpers.mjs';

/** A session that has heard what the server can. */
export async function session(t, url, options = {}) {
  const session = http2.connect(url, { rejectUnauthorized: false, ...options });
  session.on('error', () => {});
  t?.after(() => session.destroy());
  await once(session, 'remoteSettings');
  return session;
}

/** The fields of a request for a WebSocket at such a session. */
export const asking = (more = {}) => ({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'https',
  ':authority': 'localhost',
  ':path': '/chat',
  'sec-websocket-version': '13',
  ...more,
});

/** Asks; what the server says to it: a status with its fields, or the code of a reset. */
export async function ask(session, fields, options = { endStream: false }) {
  const stream = session.request(fields, options);
  const answer = { stream };
  stream.on('error', () => {});
  await new Promise((resolve) => {
    stream.on('response', (headers) => {
      answer.status = headers[':status'];
      answer.headers = headers;
      resolve();
    });
    answer.over = new Promise((over) => {
      stream.on('close', () => {
        answer.reset = stream.rstCode;
        resolve();
        over();
      });
    });
  });
  return answer;
}

/** The whole answer to a request that is refused. */
export async function refusal(session, fields, options) {
  const answer = await ask(session, fields, options);
  const { stream, over, status, headers } = answer;
  let body = '';
  stream.setEncoding('utf8').on('data', (part) => (body += part));
  stream.end();
  await over;
  return { status, reset: answer.reset, headers, body };
}

/** A WebSocket on a stream of a session. */
export class Peer {
  events = [];
  /** The server's END_STREAM came. */
  ended = false;

  static async open(session, fields = {}) {
    const { stream, status, headers } = await ask(session, asking(fields));
    if (status !== 200) throw new Error(`refused with ${status}`);
    return new Peer(stream, headers);
  }

  constructor(stream, headers) {
    this.stream = stream;
    this.headers = headers;
    const deflate = /permessage-deflate/.test(headers['sec-websocket-extensions'] ?? '') ? {} : undefined;
    this.connection = new Connection('client', { maxMessage: 64 << 20, maxOutgoing: Infinity }, deflate && { deflate });
    stream.on('data', (bytes) => {
      this.events.push(...this.connection.receive(bytes));
      this.flush();
    });
    stream.on('end', () => {
      this.ended = true;
      this.events.push(...this.connection.receiveEof());
      this.stream.end();
    });
    stream.on('close', () => (this.closed = true));
  }

  flush() {
    const bytes = this.connection.flush();
    if (bytes.length > 0) this.stream.write(bytes);
  }

  send(message) {
    if (typeof message === 'string') this.connection.sendText(message);
    else this.connection.sendBinary(message);
    this.flush();
  }

  /** A Close frame; with the end of the stream in the same frame of HTTP/2, as browsers do. */
  close(code, reason) {
    this.connection.close(code, reason);
    this.stream.end(this.connection.flush());
  }

  messages() {
    return this.events.filter(({ type }) => type === 'text' || type === 'binary').map(({ data }) => data);
  }

  async next() {
    const count = this.messages().length;
    await until(() => this.messages().length > count);
    return this.messages().at(-1);
  }

  async gone() {
    await until(() => this.closed === true, 10_000);
    return { reset: this.stream.rstCode, closed: this.events.findLast(({ type }) => type === 'closed') };
  }
}

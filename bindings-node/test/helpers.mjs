// What the tests of the network share.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { serve } from 'wspair';

/** Serves a Worker until the test ends. */
export async function serving(t, worker, options = {}) {
  const fetch = typeof worker === 'function' ? worker : worker.fetch;
  const served = await serve({ fetch }, { port: 0, ...options });
  t.after(() => served.close({ deadline: 50 }));
  return { ...served, ws: served.url.replace('http', 'ws') };
}

/** A handler that hands the kept end to `use`. */
export const withEnd = ({ WebSocketPair, Response }, use, init = {}) => (request) => {
  const [client, server] = Object.values(new WebSocketPair());
  server.binaryType = 'arraybuffer';
  use(server, request);
  return new Response(null, { status: 101, webSocket: client, ...init });
};

/** What happens at a socket of the web's shape, as a list, and a promise of its close. */
export function watch(socket) {
  const seen = [];
  socket.binaryType = 'arraybuffer';
  for (const type of ['open', 'message', 'error']) {
    socket.addEventListener(type, (event) => seen.push(type === 'message' ? event.data : type));
  }
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => resolve([code, String(reason), wasClean]));
  });
  const next = async () => {
    const { length } = seen;
    await until(() => seen.length > length);
    return seen.at(-1);
  };
  return { seen, closed, next };
}

export const opened = (socket) => once(socket, 'open');

export async function until(condition, ms = 5_000) {
  for (const end = Date.now() + ms; !condition(); ) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A key and a certificate for localhost, made now. */
export function certificate() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cert-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

/** A connection whose bytes are written and read by hand. */
export async function dialRaw(port, { connect = net.connect, ...options } = {}) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...options });
  await once(socket, connect === net.connect ? 'connect' : 'secureConnect');
  const parts = [];
  const raw = {
    socket,
    state: 'open',
    get got() {
      return parts.length === 1 ? parts[0] : (parts.splice(0, parts.length, Buffer.concat(parts)), parts[0]);
    },
    forget: () => parts.splice(0),
  };
  raw.text = () => raw.got.toString('latin1');
  raw.write = (...parts) => socket.write(Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1'))));
  raw.end = (...parts) => socket.end(Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1'))));
  /** The bytes behind the head, once all of them are there. */
  raw.behindHead = () => raw.got.subarray(raw.got.indexOf('\r\n\r\n') + 4);
  socket.on('data', (bytes) => parts.push(bytes));
  socket.on('end', () => (raw.state = 'ended'));
  socket.on('error', () => (raw.state = 'reset'));
  raw.over = new Promise((resolve) => {
    socket.on('end', resolve);
    socket.on('close', resolve);
  });
  return raw;
}

/** A head that asks for a WebSocket. */
export const upgradeHead = (more = '', { line = 'GET / HTTP/1.1', host = 'Host: x\r\n', connection = 'Connection: Upgrade\r\n' } = {}) =>
  `${line}\r\n${host}Upgrade: websocket\r\n${connection}Sec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`;

/** A frame as a client sends it, masked with zeros. */
export function frame(opcode, payload = '') {
  const bytes = Buffer.from(payload, 'latin1');
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

export const closeFrame = (code, reason = '') => frame(8, String.fromCharCode(code >> 8, code & 255) + reason);

/** What goes to the console as an error meanwhile; the messages. */
export function logged(t) {
  const lines = [];
  t.mock.method(console, 'error', (...parts) => lines.push(parts.map((part) => part?.message ?? String(part)).join(' ')));
  return lines;
}

// The host over node:net that shows how: what it owes its peers, whatever these do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../conformance/autobahn/echo-connection.mjs', import.meta.url));
const request = [
  'GET / HTTP/1.1',
  'Host: h',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version: 13',
  '',
  '',
].join('\r\n');
const hi = '\x81\x82\0\0\0\0hi';
const hiBack = '\x81\x02hi';
const close = '\x88\x82\0\0\0\0\x03\xe8';
const closeBack = '\x88\x02\x03\xe8';

/** A port where the host listens, until the test is over. */
async function host(t, ...options) {
  const child = spawn(process.execPath, [script, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return Number(/:(\d+)\//.exec(line)[1]);
}

/** Sends the pieces, and gives what came until the host ended. */
async function talk(t, port, pieces, { end = false } = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  for (const piece of pieces) socket.write(Buffer.from(piece, 'latin1'));
  if (end) socket.end();
  let got = '';
  for await (const bytes of socket) got += bytes.toString('latin1');
  const [head, ...rest] = got.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), rest: rest.join('') };
}

test('a client that sends no request is told so at the deadline', async (t) => {
  const port = await host(t, '--handshake-within', '0.2');
  assert.equal((await talk(t, port, ['GET / '])).status, 408);
});

test('a request that does not end in time is refused, however much of it comes', async (t) => {
  const port = await host(t, '--handshake-within', '0.3');
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nX-Long: ');
  const drip = setInterval(() => socket.write('a'), 20);
  t.after(() => clearInterval(drip));
  const [bytes] = await once(socket, 'data');
  assert.match(bytes.toString(), /^HTTP\/1.1 408 /);
});

test('all in one segment, and the end of the stream behind it', async (t) => {
  const port = await host(t);
  const { status, rest } = await talk(t, port, [request + hi + hi + close], { end: true });
  assert.deepEqual([status, rest], [101, hiBack + hiBack + closeBack]);
});

test('what came before the end of the stream is answered', async (t) => {
  const port = await host(t);
  const { rest } = await talk(t, port, [request, hi, hi], { end: true });
  assert.equal(rest, hiBack + hiBack);
});

test('the answer to a Close is not lost to what is sent behind it', async (t) => {
  const port = await host(t);
  const { rest } = await talk(t, port, [request + close + 'x'.repeat(100_000)]);
  assert.equal(rest, closeBack);
});

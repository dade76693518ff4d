// The npm package's client on one session of node:http2, against any host: `node client.mjs ws://127.0.0.1:9001/`.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import { WebSocket } from '../../../bindings-node/dist/index.mjs';

const url = process.argv[2];
const session = http2.connect(url.replace('ws', 'http'), { rejectUnauthorized: false });
const open = async () => {
  const socket = new WebSocket(url, [], { http2: session });
  socket.binaryType = 'arraybuffer';
  await once(socket, 'open');
  return socket;
};
const echo = async (socket, message) => {
  socket.send(message);
  return (await once(socket, 'message'))[0].data;
};
const close = async (socket, code, reason) => {
  socket.close(code, reason);
  const [{ code: got, wasClean }] = await once(socket, 'close');
  assert.deepEqual([got, wasClean], [code, true]);
};

const socket = await open();
assert.equal(await echo(socket, 'hi'), 'hi');
const bytes = randomBytes(1_000_000);
assert.ok(bytes.equals(Buffer.from(await echo(socket, bytes))));
let count = 0;
const all = new Promise((resolve) => socket.addEventListener('message', () => ++count === 2_000 && resolve()));
for (let i = 0; i < 2_000; i++) socket.send(`${i}`);
await all;
await close(socket, 4000, 'bye');

const many = await Promise.all(Array.from({ length: 40 }, open));
const answers = await Promise.all(many.map((socket, i) => echo(socket, `${i}`)));
assert.deepEqual(answers, answers.map((_, i) => `${i}`));
await Promise.all(many.map((socket) => close(socket, 1000, '')));
session.close();
console.log('all is well');

// The package beside its peers, in one run. Each cell is the median ratio of interleaved rounds:
// our time over the peer's, small is good. The goals are for that ratio. In memory it is the
// processor's time, which other work on the machine disturbs least; else that of a clock.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import { Connection, WebSocketPair } from '../dist/index.js';
import { Receiver, Sender } from 'ws';
import { rounds } from './pair-rounds.mjs';
import { startWorkerd } from './workerd.mjs';

const require = createRequire(import.meta.url);
const only = process.argv[2] ?? '';
const ROUNDS = 9;

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};
const clock = () => performance.now();

/** Times both, one after the other, over and over. What they are to work on is made before: `prepare`. */
async function compare(name, goal, ours, peer, now = processor) {
  if (!name.includes(only)) return;
  for (const run of [ours, peer]) {
    run.prepare?.();
    await run();
  }
  const ratios = [];
  const times = [];
  const timed = async (run) => {
    run.prepare?.();
    // Other threads sweep for a while; that is nobody's time.
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = now();
    const count = await run();
    return [now() - before, count];
  };
  for (let i = 0; i < ROUNDS; i++) {
    const [a, count] = await timed(ours);
    const [b] = await timed(peer);
    ratios.push(a / b);
    times.push((a * 1e6) / count);
  }
  const ratio = median(ratios);
  const verdict = goal === undefined ? '' : ratio <= goal ? `goal ${goal}` : `goal ${goal}  MISSED`;
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  console.log(`${name.padEnd(44)} ${ratio.toFixed(2).padStart(6)}  ${range.padEnd(12)} ${(median(times) | 0).toString().padStart(9)} ns  ${verdict}`);
}

console.log(`${'case'.padEnd(44)}  ratio  range        ours, each`);

// --- Receiving, in memory

/** Frames of one role, as many as fit in about 64 KiB, but one at least. */
function chunkOf(message, text, perChunk, role = 'client') {
  const client = new Connection(role);
  const count = perChunk ?? Math.max(1, Math.floor(65_536 / (message.length + 8)));
  for (let i = 0; i < count; i++) text ? client.sendText(message) : client.sendBinary(message);
  return { bytes: client.flush(), count };
}

/** Unmasking is in place, at both: each chunk is a copy of its own, made before it is timed. */
function copies(bytes, count) {
  const inputs = {
    fresh: [],
    prepare() {
      inputs.fresh = Array.from({ length: count }, () => Buffer.from(bytes));
    },
  };
  return inputs;
}

function receiving(message, text, perChunk) {
  const { bytes, count } = chunkOf(message, text, perChunk);
  const chunks = Math.max(20, Math.ceil(20_000_000 / (bytes.length + 500)));
  const inputs = copies(bytes, chunks);
  const server = new Connection('server', { maxMessage: Infinity });
  const ours = () => {
    let got = 0;
    for (const input of inputs.fresh) for (const event of server.receive(input)) got += event.data.length > 0 ? 1 : 0;
    if (got !== chunks * count) throw new Error('messages were lost');
    return got;
  };
  const receiver = new Receiver({ isServer: true, allowSynchronousEvents: true, maxPayload: 0 });
  let got = 0;
  receiver.on('message', (data, binary) => (got += (binary ? data : data.toString()).length > 0 ? 1 : 0));
  const peer = async () => {
    got = 0;
    for (const input of inputs.fresh) if (!receiver.write(input)) await once(receiver, 'drain');
    while (got !== chunks * count) await new Promise(setImmediate);
  };
  ours.prepare = peer.prepare = inputs.prepare;
  return [ours, peer];
}

const ascii = (size) => 'The quick brown fox jumps over the lazy dog. '.repeat(size / 45 + 1).slice(0, size);
const cases = [
  [16, 0.25],
  [125, 0.35],
  [1024, 0.45],
  [16_384, 0.9],
  [65_536, 0.9],
  [1 << 20, 0.9],
];
for (const [size, goal] of cases) {
  await compare(`receive, binary, ${size} B, ws`, goal, ...receiving(Buffer.alloc(size, 7), false));
  await compare(`receive, ASCII, ${size} B, ws`, goal, ...receiving(ascii(size), true));
}
for (const [kind, unit] of [['CJK', '漢字かな'], ['Latin-1', 'déjà']]) {
  await compare(`receive, ${kind}, 4096 characters, ws`, 0.3, ...receiving(unit.repeat(1024), true));
}
for (const [size, goal] of [[16, 0.65], [125, 0.65], [1024, 0.45]]) {
  await compare(`receive, binary, ${size} B, one a chunk, ws`, goal, ...receiving(Buffer.alloc(size, 7), false, 1));
}

// undici is a client only: its frames come unmasked.
const { ByteParser } = require('undici/lib/web/websocket/receiver.js');
const { WebsocketFrameSend } = require('undici/lib/web/websocket/frame.js');
const { utf8Decode } = require('undici/lib/web/websocket/util.js');

function receivingAsClient(message, text) {
  const { bytes, count } = chunkOf(message, text, undefined, 'server');
  const chunks = Math.max(20, Math.ceil(20_000_000 / (bytes.length + 500)));
  const inputs = copies(bytes, chunks);
  const client = new Connection('client', { maxMessage: Infinity });
  const ours = () => {
    let got = 0;
    for (const input of inputs.fresh) for (const event of client.receive(input)) got += event.data.length > 0 ? 1 : 0;
    if (got !== chunks * count) throw new Error('messages were lost');
    return got;
  };
  let got = 0;
  const socket = { writableNeedDrain: false };
  const handler = { socket, onMessage: (type, data) => (got += (text ? utf8Decode(data) : data).length > 0 ? 1 : 0) };
  const parser = new ByteParser(handler, null);
  const peer = async () => {
    got = 0;
    for (const input of inputs.fresh) if (!parser.write(input)) await once(parser, 'drain');
    while (got !== chunks * count) await new Promise(setImmediate);
  };
  ours.prepare = peer.prepare = inputs.prepare;
  return [ours, peer];
}
for (const size of [16, 125, 1024, 65_536]) {
  await compare(`receive, client, binary, ${size} B, undici`, undefined, ...receivingAsClient(Buffer.alloc(size, 7), false));
  await compare(`receive, client, ASCII, ${size} B, undici`, undefined, ...receivingAsClient(ascii(size), true));
}

// --- Sending, in memory

function sending(role, message, text) {
  const count = Math.max(50, Math.min(20_000, Math.ceil(20_000_000 / (message.length + 500))));
  // What a socket does with a text, which ws leaves to it.
  const socket = { cork() {}, uncork() {}, write: (data) => typeof data === 'string' && Buffer.from(data) };
  const conn = new Connection(role, { maxOutgoing: Infinity });
  const ours = () => {
    for (let i = 0; i < count; i++) {
      text ? conn.sendText(message) : conn.sendBinary(message);
      for (const part of conn.flushv()) socket.write(part);
    }
    return count;
  };
  const sender = new Sender(socket);
  const options = { binary: !text, compress: false, fin: true, mask: role === 'client' };
  const peer = () => {
    for (let i = 0; i < count; i++) sender.send(message, options, undefined);
  };
  return [ours, peer];
}
for (const [size, server, client] of [[16, 0.55, 0.4], [125, 0.55, 0.7], [1024, 0.55, 0.7], [65_536, 1, undefined], [1 << 20, 1, undefined]]) {
  await compare(`send, server, binary, ${size} B, ws`, server, ...sending('server', Buffer.alloc(size, 7), false));
  await compare(`send, server, ASCII, ${size} B, ws`, server, ...sending('server', ascii(size), true));
  await compare(`send, client, binary, ${size} B, ws`, client, ...sending('client', Buffer.alloc(size, 7), false));
}

for (const size of [16, 125, 1024, 65_536]) {
  const data = Buffer.alloc(size, 7);
  const [ours] = sending('client', data, false);
  const count = Math.max(50, Math.min(20_000, Math.ceil(20_000_000 / (size + 500))));
  const peer = () => {
    for (let i = 0; i < count; i++) new WebsocketFrameSend(data).createFrame(2);
  };
  await compare(`send, client, binary, ${size} B, undici`, undefined, ours, peer);
}

// --- A pair

const miniflare = require('@miniflare/web-sockets');
const over = (Pair, count, inFlight) => () => rounds(Pair, count, inFlight).then(() => count);
// As many that the collection before each run, which the optimised code does not survive, counts little.
for (const [inFlight, goal, real] of [[32, 0.65, 0.05], [1, 1.5, 0.1]]) {
  await compare(`pair, ${inFlight} in flight, Miniflare 2`, goal, over(WebSocketPair, 100_000, inFlight), over(miniflare.WebSocketPair, 100_000, inFlight));
  if (!'workerd'.includes(only) && !`pair, ${inFlight} in flight, workerd`.includes(only)) continue;
  const workerd = await startWorkerd();
  await compare(`pair, ${inFlight} in flight, workerd`, real, over(WebSocketPair, 5_000, inFlight), () => workerd.ask(5_000, inFlight), clock);
  await workerd.stop();
}

// --- An echo over loopback

async function echoing(host, size, inFlight) {
  const child = fork(new URL('echo-server.mjs', import.meta.url), [host]);
  const [port] = await once(child, 'message');
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
  socket.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
  await once(socket, 'data');
  const { bytes } = chunkOf('x'.repeat(size), true, 1);
  const many = Buffer.concat(Array(inFlight).fill(bytes));
  const answer = 2 + size;
  const run = (count) =>
    new Promise((resolve) => {
      let waiting = inFlight * answer;
      let left = Math.ceil(count / inFlight);
      socket.removeAllListeners('data');
      socket.on('data', (data) => {
        waiting -= data.length;
        if (waiting > 0) return;
        if (--left === 0) return resolve(count);
        waiting = inFlight * answer;
        socket.write(many);
      });
      socket.write(many);
    });
  return { run, stop: () => (socket.destroy(), child.kill()) };
}
for (const [inFlight, goal] of [[32, 0.1], [1, 1]]) {
  for (const host of ['connection', 'serve']) {
    const name = `echo, ${host}, 32 B, ${inFlight} in flight, ws`;
    if (!name.includes(only)) continue;
    const [ours, peer] = await Promise.all([echoing(host, 32, inFlight), echoing('ws', 32, inFlight)]);
    const count = inFlight === 1 ? 2_000 : 32_000;
    await compare(name, host === 'connection' ? goal : undefined, () => ours.run(count), () => peer.run(count), clock);
    ours.stop();
    peer.stop();
  }
}

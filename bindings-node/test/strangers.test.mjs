// Connections whose bytes are cut and changed at random, N of them (default 400, SEED as printed): the server echoes on
// to everybody else, logs nothing, and keeps nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import * as wspair from 'wspair';
import Ws from 'ws';
import { closeFrame, dialRaw, frame, logged, serving, upgradeHead, withEnd } from './helpers.mjs';

const count = Number(process.env.N ?? 400);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Mulberry32. */
function generator(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test(`mutated connections (SEED=${seed})`, async (t) => {
  const lines = logged(t);
  const below = generator(seed);
  const pick = (list) => list[below(list.length)];
  const echo = withEnd(wspair, (end) => {
    end.accept();
    end.addEventListener('message', async ({ data }) => {
      if (data.length === 5) await null;
      end.send(data);
    });
  });
  const worker = async (request) => {
    if (request.headers.get('upgrade') === 'websocket') {
      if (request.url.endsWith('/later')) await new Promise((resolve) => setTimeout(resolve, 5)); // sleeps: an application that takes its time
      return request.url.endsWith('/no') ? new Response('no', { status: 403 }) : echo(request);
    }
    return new Response(request.body ?? 'a page');
  };
  const served = await serving(t, worker, { limits: { maxMessage: 100_000, pingAfter: 500, pongWithin: 500, closeWithin: 500 }, headTimeout: 2_000 });
  const post = (more) => `POST / HTTP/1.1\r\nHost: x\r\n${more}`;
  const beginnings = [
    () => upgradeHead(),
    () => upgradeHead('', { line: 'GET /later HTTP/1.1' }),
    () => upgradeHead('', { line: 'GET /no HTTP/1.1' }),
    () => upgradeHead('Sec-WebSocket-Extensions: permessage-deflate\r\n'),
    () => post('Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello'),
    () => post('Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
    () => 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n',
  ];
  const frames = [
    () => frame(1, 'hello'),
    () => frame(2, 'x'.repeat(below(120))),
    () => frame(9, 'ping'),
    () => frame(10),
    () => closeFrame(1000),
    () => closeFrame(below(65_536), 'why'),
    () => Buffer.from([0x01, 0x82, 0, 0, 0, 0, 0x68, 0x69]),
    () => Buffer.from([0x80, 0x82, 0, 0, 0, 0, 0x68, 0x69]),
    () => Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa1, 0, 0, 0, 0]),
    () => Buffer.from(Array.from({ length: 1 + below(20) }, () => below(256))),
  ];
  const stranger = async () => {
    const parts = [Buffer.from(pick(beginnings)(), 'latin1')];
    for (let i = below(8); i > 0; i--) parts.push(pick(frames)());
    let bytes = Buffer.concat(parts);
    for (let i = below(3); i > 0; i--) {
      const at = below(bytes.length);
      if (below(2) === 0) bytes[at] ^= 1 << below(8);
      else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(4)), Buffer.alloc(below(3), below(256))]);
    }
    const raw = await dialRaw(served.port);
    const closed = new Promise((resolve) => raw.socket.on('close', resolve));
    if (below(4) === 0) raw.socket.pause();
    for (let at = 0; at < bytes.length && !raw.socket.destroyed; ) {
      const length = below(2) === 0 ? bytes.length : 1 + below(60);
      raw.socket.write(bytes.subarray(at, at + length));
      at += length;
      if (below(3) === 0) await new Promise((resolve) => setTimeout(resolve, below(4))); // sleeps: as irregular as strangers are
      if (below(40) === 0) break;
    }
    const way = below(4);
    if (way === 0) raw.socket.resetAndDestroy();
    else if (way === 1) raw.socket.destroy();
    else {
      raw.socket.end();
      raw.socket.resume();
      setTimeout(() => raw.socket.destroy(), 20 + below(60));
    }
    await closed;
  };

  const client = new Ws(served.ws);
  await once(client, 'open');
  let slowest = 0;
  for (let done = 0; done < count; done += 20) {
    const batch = Promise.all(Array.from({ length: 20 }, stranger));
    const asked = performance.now();
    client.send('still there?');
    await once(client, 'message');
    slowest = Math.max(slowest, performance.now() - asked);
    await batch;
  }
  assert.ok(slowest < 3_000, `an echo took ${slowest} ms`);
  client.close();
  await once(client, 'close');
  const left = () => new Promise((resolve) => served.server.getConnections((_, count) => resolve(count)));
  for (const end = Date.now() + 10_000; (await left()) > 0; ) {
    assert.ok(Date.now() < end, `${await left()} connections are left`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(served.sockets.size, 0);
  assert.deepEqual(lines, []);
});

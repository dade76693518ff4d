// A Worker under serve, and clients that nobody here wrote.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import * as wspair from 'wspair';
import Ws from 'ws';
import { certificate, dialRaw, frame, opened, serving, until, upgradeHead, watch, withEnd } from './helpers.mjs';

const echo = withEnd(wspair, (end) => {
  end.accept();
  end.addEventListener('message', (event) => end.send(event.data));
});

describe('a Worker and ws', () => {
  test('exchange messages of all sizes and kinds', async (t) => {
    const { ws } = await serving(t, echo);
    for (const perMessageDeflate of [false, true]) {
      const client = new Ws(ws, { perMessageDeflate });
      await once(client, 'open');
      assert.equal(client.extensions.includes('permessage-deflate'), perMessageDeflate);
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
        const bytes = Buffer.alloc(size, 'wspair ');
        client.send(bytes);
        const [data, binary] = await once(client, 'message');
        assert.ok(binary && bytes.equals(data), `${size} bytes`);
        const text = '漢é'.repeat(size / 2);
        client.send(text);
        const [back, isBinary] = await once(client, 'message');
        assert.ok(!isBinary && back.toString() === text, `${size} characters`);
      }
      client.send('parts, ', { fin: false });
      client.send('joined', { fin: true });
      assert.equal(String((await once(client, 'message'))[0]), 'parts, joined');
      client.ping('there?');
      assert.equal(String((await once(client, 'pong'))[0]), 'there?');
      client.close(3001, 'done');
      assert.deepEqual(await once(client, 'close').then(([code, reason]) => [code, String(reason)]), [3001, 'done']);
    }
  });

  test('the Worker closes with a code, behind its last message', async (t) => {
    const { ws } = await serving(
      t,
      withEnd(wspair, (end) => {
        end.accept();
        end.send('last');
        end.close(4000, 'enough');
      }),
    );
    const { seen, closed } = watch(new Ws(ws));
    assert.deepEqual(await closed, [4000, 'enough', true]);
    assert.deepEqual(seen, ['open', 'last']);
  });

  test('a client that vanishes is a 1006', async (t) => {
    let end;
    const { ws } = await serving(t, withEnd(wspair, (kept) => (end = kept).accept()));
    const client = new Ws(ws);
    await once(client, 'open');
    const { closed } = watch(end);
    client.terminate();
    const [code, , clean] = await closed;
    assert.deepEqual([code, clean], [1006, false]);
  });

  test('what is over the limit is told to both sides', async (t) => {
    let end;
    const limits = { maxMessage: 1000 };
    const { ws } = await serving(t, withEnd(wspair, (kept) => (end = kept).accept()), { limits });
    const client = new Ws(ws);
    await once(client, 'open');
    const error = once(end, 'error');
    client.send('x'.repeat(1001));
    assert.deepEqual(await watch(client).closed, [1009, 'Message is too large: 1001 > 1000', true]);
    const text = 'WebSocket protocol error; protocolError.statusCode = 1009; protocolError.description = Message is too large: 1001 > 1000';
    assert.equal((await error)[0].message, `Uncaught Error: ${text}`);
  });

  test('broken frames end the connection with 1002', async (t) => {
    const { port } = await serving(t, echo);
    const socket = net.connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
    socket.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x01x');
    let got = Buffer.alloc(0);
    socket.on('data', (bytes) => (got = Buffer.concat([got, bytes])));
    await once(socket, 'end');
    const frame = got.subarray(got.indexOf('\r\n\r\n') + 4);
    assert.deepEqual([frame[0], frame.readUInt16BE(2)], [0x88, 1002]);
  });

  test('keepalive pings a silent client, and gives up', async (t) => {
    let end;
    const limits = { pingAfter: 20, pongWithin: 40 };
    const { ws, port } = await serving(t, withEnd(wspair, (kept) => (end = kept).accept()), { limits });
    const alive = new Ws(ws);
    await once(alive, 'ping');
    const { closed } = watch(end);
    const silent = new Ws(ws, { autoPong: false });
    await once(silent, 'open');
    const lost = watch(end).closed;
    const [code] = await watch(silent).closed;
    assert.ok([1006, 1011].includes(code));
    assert.deepEqual(await lost, [1006, 'WebSocket disconnected: no answer to a ping.', false]);
    alive.close();
    await closed;
  });
});

describe('back-pressure', () => {
  test('a client that does not read stops the Worker\'s end', async (t) => {
    let end;
    const { ws } = await serving(t, withEnd(wspair, (kept) => (end = kept).accept()), { deflate: false });
    const client = new Ws(ws);
    await once(client, 'open');
    client.pause();
    const piece = new Uint8Array(1 << 20);
    for (let i = 0; i < 64; i++) end.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 200)); // sleeps: gives the sender time to be held back
    assert.ok(end.bufferedAmount > 16 << 20, `${end.bufferedAmount} bytes wait`);
    let got = 0;
    client.on('message', (data) => (got += data.length));
    client.resume();
    await until(() => got === 64 << 20, 20_000);
    assert.equal(end.bufferedAmount, 0);
  });

  test('a client that does not read the answers is not read from', async (t) => {
    const { ws } = await serving(t, echo, { deflate: false });
    const client = new Ws(ws, { perMessageDeflate: false });
    await once(client, 'open');
    client.pause();
    const piece = new Uint8Array(1 << 20);
    for (let i = 0; i < 64; i++) client.send(piece);
    let before;
    do {
      before = client.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 300));
    } while (client.bufferedAmount !== before);
    assert.ok(before > 32 << 20, `${before} bytes wait`);
    let got = 0;
    client.on('message', (data) => (got += data.length));
    client.resume();
    await until(() => got === 64 << 20, 20_000);
  });

  test('an end that is not accepted stops the client', async (t) => {
    let end;
    const { ws } = await serving(t, withEnd(wspair, (kept) => (end = kept)));
    const client = new Ws(ws, { perMessageDeflate: false });
    await once(client, 'open');
    const piece = new Uint8Array(1 << 20);
    for (let i = 0; i < 64; i++) client.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 300)); // sleeps: gives the sender time to be held back
    assert.ok(client.bufferedAmount > 32 << 20, `${client.bufferedAmount} bytes wait`);
    let got = 0;
    end.addEventListener('message', (event) => (got += event.data.byteLength));
    end.accept();
    await until(() => got === 64 << 20, 20_000);
  });
});

test('answers to what came together go out together', async (t) => {
  const { port, server } = await serving(t, echo);
  let writes = 0;
  server.on('connection', (socket) => {
    const { write } = socket;
    socket.write = (...args) => (writes++, write.apply(socket, args));
  });
  const raw = await dialRaw(port);
  raw.write(upgradeHead());
  await until(() => raw.text().includes('\r\n\r\n'));
  writes = 0;
  raw.write(...Array.from({ length: 50 }, () => frame(1, 'hello')));
  await until(() => raw.behindHead().length === 50 * 7);
  assert.ok(writes <= 5, `${writes} writes`);
  raw.socket.destroy();
});

describe('requests', () => {
  test('ordinary ones get what the Worker gives, as it comes', async (t) => {
    const { url } = await serving(t, async (request) => {
      if (request.method === 'POST') return new Response(`got ${await request.text()}`, { status: 201 });
      const body = new ReadableStream({
        async start(to) {
          for (const part of ['one ', 'two']) {
            to.enqueue(new TextEncoder().encode(part));
            await new Promise((resolve) => setTimeout(resolve, 10)); // sleeps: an application that takes its time
          }
          to.close();
        },
      });
      const headers = new Headers({ 'x-path': new URL(request.url).pathname });
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response(body, { headers });
    });
    const streamed = await fetch(`${url}path?q`);
    assert.equal(await streamed.text(), 'one two');
    assert.equal(streamed.headers.get('x-path'), '/path');
    assert.deepEqual(streamed.headers.getSetCookie(), ['a=1', 'b=2']);
    const posted = await fetch(url, { method: 'POST', body: 'a body' });
    assert.deepEqual([posted.status, await posted.text()], [201, 'got a body']);
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  });

  test('a client that goes away aborts the request\'s signal', async (t) => {
    let signal;
    const { url } = await serving(t, (request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const given = new AbortController();
    const asked = fetch(url, { signal: given.signal }).catch(() => {});
    await until(() => signal);
    given.abort();
    await asked;
    await until(() => signal.aborted);
  });

  test('env and ctx are passed, and close waits for what was promised', async () => {
    let done = false;
    const worker = {
      fetch(_request, env, ctx) {
        ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 50)).then(() => (done = true))); // sleeps: an application that takes its time
        return new Response(env.NAME);
      },
    };
    const served = await wspair.serve(worker, { port: 0, env: { NAME: 'the name' } });
    assert.equal(await (await fetch(served.url)).text(), 'the name');
    await served.close();
    assert.ok(done);
  });

  test('a page of a foreign origin is refused before the Worker hears of it', async (t) => {
    let asked = 0;
    const worker = (request) => (asked++, echo(request));
    const { ws } = await serving(t, worker, { origins: ['https://good.example'] });
    const bad = new Ws(ws, { origin: 'https://bad.example' });
    const [, response] = await once(bad, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    assert.equal(asked, 0);
    const good = new Ws(ws, { origin: 'https://good.example' });
    await once(good, 'open');
    good.close();
    const none = new Ws(ws);
    await once(none, 'open');
    none.close();
  });

  test('invalid handshakes are answered as the core says', async (t) => {
    const { url } = await serving(t, echo);
    const { request } = await import('node:http');
    const headers = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '12' };
    const [response] = await once(request(url, { headers }).end(), 'response');
    assert.deepEqual([response.statusCode, response.headers['sec-websocket-version']], [426, '13']);
    response.resume();
  });
});

describe('TLS', () => {
  test('wss on both sides', async (t) => {
    const { key, cert } = certificate();
    const { port } = await serving(t, echo, { tls: { key, cert } });
    const url = `wss://localhost:${port}/`;
    const foreign = new Ws(url, { ca: cert, family: 4 });
    await once(foreign, 'open');
    foreign.send('secret');
    assert.equal(String((await once(foreign, 'message'))[0]), 'secret');
    foreign.close();
    const own = new wspair.WebSocket(url, [], { tls: { ca: cert, family: 4 } });
    const { next, closed } = watch(own);
    await opened(own);
    own.send('also secret');
    assert.equal(await next(), 'also secret');
    own.close(1000);
    assert.deepEqual(await closed, [1000, '', true]);
    const wary = new wspair.WebSocket(url, [], { tls: { family: 4 } });
    assert.deepEqual(await watch(wary).closed, [1006, 'Failed to establish websocket connection', false]);
  });
});

describe('closing', () => {
  test('tells every client 1001, and every kept end', async () => {
    const ends = [];
    const served = await wspair.serve({ fetch: withEnd(wspair, (end) => (ends.push(end), end.accept())) }, { port: 0 });
    const clients = [1, 2, 3].map(() => new Ws(served.url.replace('http', 'ws')));
    await Promise.all(clients.map((client) => once(client, 'open')));
    const all = [...clients, ...ends].map((socket) => watch(socket).closed);
    await served.close();
    for (const [code, , clean] of await Promise.all(all)) assert.deepEqual([code, clean], [1001, true]);
  });

  test('drops who does not answer by the deadline', async () => {
    const served = await wspair.serve({ fetch: echo }, { port: 0 });
    const client = new Ws(served.url.replace('http', 'ws'));
    await once(client, 'open');
    client.pause();
    const began = Date.now();
    await served.close({ deadline: 100 });
    assert.ok(Date.now() - began < 2_000);
    client.resume();
    await once(client, 'close');
  });
});

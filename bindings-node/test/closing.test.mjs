// Shutting down: everything that was ever accepted ends, by the deadline.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import * as wspair from 'wspair';
import Ws from 'ws';
import { certificate, closeFrame, dialRaw, logged, until, upgradeHead, watch, withEnd } from './helpers.mjs';

const { key, cert } = certificate();
const wishes = withEnd(wspair, (end) => end.accept());
const endless = () => new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(100_000)) });

/** A Worker that does, by the path, what keeps a connection busy. */
const told = { aborted: 0, ends: [] };
const worker = {
  async fetch(request, _env, ctx) {
    const { pathname } = new URL(request.url);
    request.signal.addEventListener('abort', () => told.aborted++);
    if (pathname.startsWith('/wait')) ctx.waitUntil(new Promise(() => {}));
    if (pathname.startsWith('/never')) return new Promise(() => {});
    if (pathname.startsWith('/endless')) return new Response(endless());
    if (request.method === 'POST') return new Response(await request.text());
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a page');
    return withEnd(wspair, (end) => {
      end.accept();
      end.addEventListener('close', ({ code }) => told.ends.push(code));
    })(request);
  },
};

const page = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** What clients do before the server closes, and stay. */
const states = {
  'says nothing': () => {},
  'sends half a head': (raw) => raw.write(upgradeHead().slice(0, 50)),
  'sends half a body': (raw) => raw.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'),
  'has its page': async (raw) => (raw.write(page('/')), until(() => raw.text().endsWith('a page'))),
  'waits for an answer': (raw) => raw.write(page('/never')),
  'waits for a connection': (raw) => raw.write(upgradeHead('', { line: 'GET /never HTTP/1.1' })),
  'reads a body without end': (raw) => raw.write(page('/endless')),
  'does not read a body without end': (raw) => (raw.socket.pause(), raw.write(page('/endless'))),
  'does not read a refusal without end': (raw) => (raw.socket.pause(), raw.write(upgradeHead('', { line: 'GET /endless HTTP/1.1' }))),
  'was refused': async (raw) => (raw.write(upgradeHead('Origin: https://bad.example\r\n')), until(() => raw.text().includes('403'))),
  'has its answer to h2c': async (raw) => {
    raw.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi');
    await until(() => raw.text().endsWith('hi'));
  },
  'is open': async (raw) => (raw.write(upgradeHead()), until(() => raw.text().includes('101'))),
  'is open, and does not read': async (raw) => (raw.write(upgradeHead()), await until(() => raw.text().includes('101')), raw.socket.pause()),
  'closes': async (raw) => (raw.write(upgradeHead(), closeFrame(4000)), raw.over),
  'left a promise': async (raw) => (raw.write(page('/wait')), until(() => raw.text().endsWith('a page'))),
};

const hosts = {
  serve: async () => {
    const served = await wspair.serve(worker, { port: 0, origins: ['https://good.example'] });
    return { ...served, dial: () => dialRaw(served.port) };
  },
  'serve with TLS': async () => {
    const served = await wspair.serve(worker, { port: 0, origins: ['https://good.example'], tls: { key, cert } });
    return { ...served, dial: () => dialRaw(served.port, { connect: tls.connect, ca: cert, host: 'localhost', family: 4 }) };
  },
  upgrader: async (t) => {
    const sockets = wspair.upgrader(worker, { origins: ['https://good.example'] });
    const server = http.createServer();
    server.on('upgrade', sockets.handle);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => (server.closeAllConnections(), server.close()));
    const { port } = server.address();
    return { server, port, sockets, close: sockets.close, dial: () => dialRaw(port) };
  },
};

/** Those that never are an upgrader's, whose server has nobody that hears requests. */
const plain = ['says nothing', 'sends half a head', 'sends half a body', 'has its page', 'waits for an answer', 'reads a body without end', 'does not read a body without end', 'left a promise'];

for (const [host, start] of Object.entries(hosts)) {
  test(`${host}: clients in every state, all at once`, async (t) => {
    const lines = logged(t);
    told.ends.length = 0;
    const served = await start(t);
    const names = Object.keys(states).filter((name) => host !== 'upgrader' || !plain.includes(name));
    const clients = await Promise.all(
      names.map(async (name) => {
        const raw = await served.dial();
        await states[name](raw);
        return [name, raw];
      }),
    );
    if (host === 'serve with TLS') clients.push(['never begins with TLS', await dialRaw(served.port)]);
    const began = Date.now();
    await served.close({ deadline: 400 });
    const took = Date.now() - began;
    assert.ok(took > 300 && took < 3_000, `${took} ms`);
    for (const [, raw] of clients) raw.socket.resume();
    for (const [name, raw] of clients) {
      await raw.over;
      if (name === 'is open') assert.match(raw.behindHead().toString('hex'), /^880203e9/, name);
    }
    const left = await new Promise((resolve) => served.server.getConnections((_, count) => resolve(count)));
    assert.equal(left, 0);
    assert.equal(served.sockets.size, 0);
    await until(() => told.ends.length === 3);
    assert.deepEqual(lines, []);
    for (const [, raw] of clients) raw.socket.destroy();
  });
}

describe('close', () => {
  test('returns as soon as all have gone', async () => {
    const served = await wspair.serve({ fetch: (request) => (request.headers.has('upgrade') ? wishes(request) : new Response('a page')) }, { port: 0 });
    assert.equal(await (await fetch(served.url)).text(), 'a page');
    const silent = await dialRaw(served.port);
    const clients = [1, 2, 3].map(() => new Ws(served.url.replace('http', 'ws')));
    await Promise.all(clients.map((client) => once(client, 'open')));
    assert.equal(served.sockets.size, 3);
    const all = clients.map((client) => watch(client).closed);
    const began = Date.now();
    await served.close();
    assert.ok(Date.now() - began < 2_000);
    for (const closed of all) assert.equal((await closed)[0], 1001);
    await silent.over;
    silent.socket.destroy();
  });

  test('lets answers under way come to their end, and then drops the connection', async () => {
    let answer;
    const served = await wspair.serve({ fetch: () => new Promise((resolve) => (answer = resolve)) }, { port: 0 });
    const raw = await dialRaw(served.port);
    raw.write(page('/'));
    await until(() => answer);
    const closed = served.close();
    answer(new Response('late'));
    await closed;
    await raw.over;
    assert.match(raw.text(), /Connection: close\r\n[^]*late$/);
    raw.socket.destroy();
  });

  test('waits for what was promised, and what that promised', async () => {
    let done = 0;
    const later = () => new Promise((resolve) => setTimeout(resolve, 30)).then(() => done++); // sleeps: an application that takes its time
    const worker = {
      fetch(_request, _env, ctx) {
        ctx.waitUntil(later().then(() => ctx.waitUntil(later())));
        return new Response('a page');
      },
    };
    const served = await wspair.serve(worker, { port: 0 });
    await (await fetch(served.url)).text();
    await served.close();
    assert.equal(done, 2);
  });

  test('opens no connection that was asked for before', async (t) => {
    let answer;
    const served = await wspair.serve({ fetch: (request) => new Promise((resolve) => (answer = () => resolve(wishes(request)))) }, { port: 0 });
    const raw = await dialRaw(served.port);
    raw.write(upgradeHead());
    await until(() => answer);
    const closed = served.close();
    answer();
    await closed;
    await raw.over;
    assert.match(raw.text(), /^HTTP\/1.1 503 /);
    raw.socket.destroy();
  });

  test('twice, and of a server that is closed already', async () => {
    const served = await wspair.serve({ fetch: wishes }, { port: 0 });
    const client = new Ws(served.url.replace('http', 'ws'));
    await once(client, 'open');
    await Promise.all([served.close(), served.close({ deadline: 10 }), once(client, 'close')]);
    await served.close();
    const other = await wspair.serve({ fetch: wishes }, { port: 0 });
    other.server.close();
    await other.close();
  });
});

describe('an upgrader', () => {
  test('counts its sockets, goes through them, and ends each as it is told', async (t) => {
    const ends = [];
    const sockets = wspair.upgrader(
      { fetch: withEnd(wspair, (end) => (end.accept(), end.addEventListener('close', ({ code, reason }) => ends.push([code, reason])))) },
    );
    const server = http.createServer().on('upgrade', sockets.handle);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => (server.closeAllConnections(), server.close()));
    const url = `ws://127.0.0.1:${server.address().port}`;
    const clients = ['/a?1', '/b', '/c'].map((path) => new Ws(url + path));
    await Promise.all(clients.map((client) => once(client, 'open')));
    assert.equal(sockets.size, 3);
    const byUrl = new Map([...sockets].map((socket) => [socket.url, socket]));
    assert.deepEqual([...byUrl.keys()].sort(), ['/a?1', '/b', '/c']);
    const a = byUrl.get('/a?1');
    assert.deepEqual([a.remoteAddress, a.bufferedAmount], ['127.0.0.1', 0]);
    const [first, second] = clients.map((client) => watch(client).closed);
    a.close(4001, 'restart');
    assert.deepEqual(await first, [4001, 'restart', true]);
    byUrl.get('/b').terminate();
    assert.equal((await second)[0], 1006);
    await until(() => sockets.size === 1 && ends.length === 2);
    assert.deepEqual(ends, [[4001, 'restart'], [1006, 'WebSocket disconnected without sending Close frame.']]);
    assert.throws(() => [...sockets][0].close(1005), /close code/);
    await sockets.close();
    assert.equal(sockets.size, 0);
    const late = new Ws(url);
    const [, response] = await once(late, 'unexpected-response');
    assert.equal(response.statusCode, 503);
  });

  test('takes a Worker of each shape, and passes env and ctx', async (t) => {
    const seen = [];
    const fetch = (request, env, ctx) => {
      seen.push([env.NAME, typeof ctx.waitUntil]);
      return new Response('no', { status: 403 });
    };
    class Entry {
      constructor(ctx, env) {
        Object.assign(this, { ctx, env });
      }
      fetch(request) {
        return fetch(request, this.env, this.ctx);
      }
    }
    for (const worker of [fetch, { fetch }, Entry]) {
      const sockets = wspair.upgrader(worker, { env: { NAME: 'n' } });
      const server = http.createServer().on('upgrade', sockets.handle);
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const [, response] = await once(new Ws(`ws://127.0.0.1:${server.address().port}`), 'unexpected-response');
      assert.equal(response.statusCode, 403);
      await sockets.close({ deadline: 100 });
      server.close();
    }
    assert.deepEqual(seen, Array(3).fill(['n', 'function']));
    assert.throws(() => wspair.upgrader({}), TypeError);
  });
});

// Between the head of a request and an open connection, and where there comes to be none.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import express from 'express';
import * as wspair from 'wspair';
import Ws from 'ws';
import { certificate, closeFrame, dialRaw, frame, logged, serving, until, upgradeHead, watch, withEnd } from './helpers.mjs';

const { key, cert } = certificate();
const echo = withEnd(wspair, (end) => {
  end.accept();
  end.addEventListener('message', (event) => end.send(event.data));
});
const [hi, bye] = [frame(1, 'hi'), closeFrame(1000)];
const echoed = '81026869';
const closed = '880203e8';

/** Waits until a server has no connections; one whose TLS handshake was broken off stays for the time of a head. */
async function noneLeft(server, ms = 20_000) {
  const count = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  for (const end = Date.now() + ms; (await count()) > 0; ) {
    assert.ok(Date.now() < end, `${await count()} connections are left`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The hosts that answer an `upgrade` event, each with a way to dial it. */
const hosts = {
  async serve(t, worker, options) {
    const served = await serving(t, worker, options);
    return { ...served, dial: (options) => dialRaw(served.port, options) };
  },
  async 'serve with TLS'(t, worker, options) {
    const served = await serving(t, worker, { tls: { key, cert }, ...options });
    return { ...served, dial: (options) => dialRaw(served.port, { connect: tls.connect, ca: cert, host: 'localhost', family: 4, ...options }) };
  },
  async upgrader(t, worker, options = {}) {
    const app = express().get('/page', (_request, response) => void response.send('a page'));
    app.post('/page', express.text({ type: '*/*' }), (request, response) => void response.send(`express got ${request.body}`));
    const server = http.createServer(app);
    const sockets = wspair.upgrader(worker, options);
    server.on('upgrade', sockets.handle);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const close = async (how) => {
      await sockets.close(how);
      server.closeAllConnections();
      server.close();
    };
    t.after(() => close({ deadline: 50 }));
    const { port } = server.address();
    return { port, ws: `ws://127.0.0.1:${port}/`, server, sockets, close, dial: (options) => dialRaw(port, options) };
  },
};

for (const [host, start] of Object.entries(hosts)) {
  describe(host, () => {
    test('three frames with the head are all answered, in order', async (t) => {
      const { dial } = await start(t, echo);
      const raw = await dial();
      raw.write(upgradeHead(), frame(1, 'a'), frame(1, 'b'), frame(1, 'c'));
      await until(() => raw.behindHead().toString('hex') === '810161810162810163');
      raw.socket.destroy();
    });

    for (const when of ['with', 'behind']) {
      test(`a text, a Close and the end ${when} the head`, async (t) => {
        const seen = [];
        const { dial } = await start(t, withEnd(wspair, (end) => {
          end.accept();
          end.addEventListener('message', ({ data }) => (seen.push(data), end.send(data)));
          end.addEventListener('close', ({ code, wasClean }) => seen.push([code, wasClean]));
        }));
        const raw = await dial();
        if (when === 'with') raw.end(upgradeHead(), hi, bye);
        else {
          raw.write(upgradeHead());
          await until(() => raw.text().includes('\r\n\r\n'));
          raw.end(hi, bye);
        }
        await raw.over;
        assert.equal(raw.behindHead().toString('hex'), echoed + closed);
        assert.deepEqual(seen, ['hi', [1000, true]]);
      });
    }

    test('what comes while the Worker decides is kept', async (t) => {
      let decide;
      const decided = new Promise((resolve) => (decide = resolve));
      let signal;
      const { dial } = await start(t, async (request) => ({ signal } = request, await decided, echo(request)));
      const raw = await dial();
      raw.write(upgradeHead());
      await until(() => signal);
      raw.write(frame(1, 'a'));
      await new Promise((resolve) => setTimeout(resolve, 20)); // sleeps: what is sent comes in two reads
      raw.end(frame(1, 'b'), bye);
      await new Promise((resolve) => setTimeout(resolve, 20)); // sleeps: gives what must not come time to come
      assert.equal(signal.aborted, false);
      decide();
      await raw.over;
      assert.equal(raw.behindHead().toString('hex'), `810161810162${closed}`);
    });

    test('a flood while the Worker decides is not read into memory', async (t) => {
      let decide;
      const decided = new Promise((resolve) => (decide = resolve));
      const { dial } = await start(t, async (request) => (await decided, echo(request)));
      const raw = await dial();
      raw.write(upgradeHead());
      const flood = Buffer.alloc(60_000, 1);
      const piece = Buffer.concat([Buffer.from([0x82, 0xfe, flood.length >> 8, flood.length & 255, 0, 0, 0, 0]), flood]);
      for (let i = 0; i < 200; i++) raw.socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 200)); // sleeps: gives the sender time to be held back
      assert.ok(raw.socket.writableLength > 0, 'the client waits');
      decide();
      await until(() => raw.behindHead().length >= 200 * flood.length, 20_000);
      raw.socket.destroy();
    });

    for (const [name, leave] of [
      ['ends', (raw) => raw.end()],
      ['resets', (raw) => (raw.socket.resetAndDestroy ?? raw.socket.destroy).call(raw.socket)],
    ]) {
      test(`a client that ${name} while the Worker decides: it is told, and nobody gets a 101`, async (t) => {
        if (name === 'resets' && host === 'serve with TLS') return;
        let signal;
        let decide;
        const decided = new Promise((resolve) => (decide = resolve));
        const ends = [];
        const { dial } = await start(t, async (request) => {
          ({ signal } = request);
          await decided;
          return withEnd(wspair, (end) => (end.accept(), end.addEventListener('close', ({ code }) => ends.push(code))))(request);
        });
        const raw = await dial();
        raw.write(upgradeHead());
        await until(() => signal);
        leave(raw);
        await until(() => signal.aborted);
        decide();
        await raw.over;
        await until(() => ends.length === 1);
        assert.deepEqual([ends, raw.text()], [[1006], '']);
      });
    }

    test('a client that ended hears a refusal all the same, and nothing is kept of one that is never answered', async (t) => {
      const { dial } = await start(t, async (request) => {
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
        return request.url.endsWith('never') ? new Promise(() => {}) : new Response('no', { status: 403 });
      });
      const refused = await dial();
      refused.end(upgradeHead());
      await refused.over;
      assert.match(refused.text(), /^HTTP\/1.1 403 [^]*no$/);
      const never = await dial();
      const began = Date.now();
      never.end(upgradeHead('', { line: 'GET /never HTTP/1.1' }));
      await never.over;
      assert.ok(Date.now() - began < 4_000);
    });

    test('a refused client is dropped soon, whatever it goes on to do', async (t) => {
      const { dial, server } = await start(t, echo, { origins: ['https://good.example'] });
      const kinds = { stays: () => {}, floods: (raw) => raw.socket.write(Buffer.alloc(1 << 20)) };
      const began = Date.now();
      for (const [name, go] of Object.entries(kinds)) {
        const raw = await dial();
        raw.write(upgradeHead('Origin: https://bad.example\r\n'));
        await until(() => raw.text().includes('origin not allowed'));
        assert.match(raw.text(), /^HTTP\/1.1 403 /, name);
        go(raw);
      }
      await noneLeft(server);
      assert.ok(Date.now() - began < 4_000);
    });

    for (const [name, head, status, says] of [
      ['without Connection: Upgrade', upgradeHead('', { connection: '' }), 400, 'Connection without Upgrade'],
      ['of HTTP/1.0', upgradeHead('', { line: 'GET / HTTP/1.0' }), 400, 'HTTP/1.0'],
      ['of HTTP/2.0', upgradeHead('', { line: 'GET / HTTP/2.0' }), 505, 'version of HTTP'],
      ['of another version of WebSocket', upgradeHead().replace('Version: 13', 'Version: 12'), 426, 'version'],
      ['without a key', upgradeHead().replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'Key'],
      ['with a body', upgradeHead('Content-Length: 3\r\n') + 'abc', 400, 'body'],
      ['by POST', upgradeHead('Content-Length: 3\r\n', { line: 'POST / HTTP/1.1' }) + 'abc', 405, ''],
      ['without Host', upgradeHead('', { host: '' }), 400, 'Host'],
      ['with a malformed Host', upgradeHead('', { host: 'Host: a b\r\n' }), 400, 'Host'],
      ['with two origins', upgradeHead('Origin: https://a\r\nOrigin: https://b\r\n'), 400, 'Origin'],
    ]) {
      test(`a request ${name} is answered ${status}, without a log line`, async (t) => {
        const lines = logged(t);
        const ends = [];
        const { dial } = await start(t, withEnd(wspair, (end) => (end.accept(), end.addEventListener('close', ({ code }) => ends.push(code)))));
        const raw = await dial();
        raw.write(head);
        // What node:http took for an ordinary request is Express' to answer.
        if (host === 'upgrader' && name === 'without Connection: Upgrade') return void raw.socket.destroy();
        await raw.over;
        assert.match(raw.text(), new RegExp(`^HTTP/1.1 ${status} [^]*${says}`));
        assert.deepEqual(lines, []);
        // The Worker, if it was asked, hears that nobody came.
        await until(() => ends.every((code) => code === 1006));
      });
    }

    test('a Worker that fails while deciding: 500, logged once', async (t) => {
      const lines = logged(t);
      const { dial } = await start(t, async () => {
        await null;
        throw new Error('undecided');
      });
      const raw = await dial();
      raw.write(upgradeHead());
      await raw.over;
      assert.match(raw.text(), /^HTTP\/1.1 500 [^]*Internal Server Error$/);
      assert.equal(lines.length, 1);
      assert.match(lines[0], /undecided/);
    });

    test('an ordinary answer to a request for a WebSocket', async (t) => {
      const { dial } = await start(t, (request) => new Response(`at ${new URL(request.url).pathname}`, { status: 404, headers: { 'x-a': '1' } }));
      const raw = await dial();
      raw.write(upgradeHead('', { line: 'GET /there HTTP/1.1' }));
      await raw.over;
      assert.match(raw.text(), /^HTTP\/1.1 404 Not Found\r\n[^]*x-a: 1\r\n[^]*content-length: 9\r\n[^]*Connection: close\r\n[^]*at \/there$/);
    });

    test('an ordinary answer without end stops where nobody reads, and ends with the client', async (t) => {
      let given = 0;
      let cancelled = false;
      const body = () =>
        new ReadableStream({
          pull: (to) => (given++, to.enqueue(new Uint8Array(100_000))),
          cancel: () => (cancelled = true),
        });
      const { dial } = await start(t, () => new Response(body(), { status: 404 }));
      const raw = await dial();
      raw.socket.pause();
      raw.write(upgradeHead());
      let before = -1;
      await until(() => given > 0);
      while (before !== given) {
        before = given;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.ok(given < 1_000, `${given} pieces`);
      raw.socket.resume();
      await until(() => given > before + 50);
      raw.socket.destroy();
      await until(() => cancelled);
    });

    for (const protocol of ['h2c', 'websocket', 'foo, bar', 'TLS/1.0']) {
      test(`a POST with "Upgrade: ${protocol}" has its body, and the connection goes on`, async (t) => {
        const { dial } = await start(t, async (request) => {
          if (request.method === 'GET') return echo(request);
          return new Response(`got ${(await request.text()).length} at ${new URL(request.url).pathname}`);
        });
        // Beside another server what asks for no WebSocket is that one's.
        const isOurs = host !== 'upgrader' || protocol === 'websocket';
        const post = (body) =>
          `POST /page HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABk\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
        const raw = await dial();
        const long = 'x'.repeat(100_000);
        raw.write(post('hello'), 'hel');
        await new Promise((resolve) => setTimeout(resolve, 20)); // sleeps: what is sent comes in two reads
        raw.write('lo');
        await until(() => raw.text().includes(isOurs ? 'got 5 at /page' : 'express got hello'));
        raw.write(post(long), long);
        await until(() => raw.text().includes(isOurs ? 'got 100000 at /page' : long));
        raw.forget();
        raw.write(upgradeHead(), hi);
        await until(() => raw.text().includes('\r\n\r\n') && raw.behindHead().toString('hex') === echoed);
        raw.socket.destroy();
      });
    }

    test('requests that come in one go are answered in order', async (t) => {
      const { dial } = await start(t, async (request) => {
        if (request.headers.has('upgrade')) return echo(request);
        await new Promise((resolve) => setTimeout(resolve, 30)); // sleeps: an application that takes its time
        return new Response('a page');
      });
      const raw = await dial();
      const page = 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n';
      raw.write(page, page, upgradeHead(), hi);
      await until(() => raw.got.toString('hex').endsWith(echoed));
      assert.match(raw.text(), /a page[^]*a page[^]*HTTP\/1.1 101 /);
      raw.socket.destroy();
    });

    test('a thousand connections, each dropped or refused at some step, leave nothing', async (t) => {
      const served = await start(t, async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === '/late') await new Promise((resolve) => setTimeout(resolve, 10)); // sleeps: an application that takes its time
        return pathname === '/no' ? new Response('no', { status: 403 }) : echo(request);
      });
      const head = upgradeHead();
      const steps = [
        (raw) => raw.socket.destroy(),
        (raw) => (raw.write(head.slice(0, 40)), raw.socket.destroy()),
        (raw) => (raw.write(head), raw.socket.destroy()),
        (raw) => raw.end(head),
        (raw) => (raw.write(upgradeHead('', { line: 'GET /no HTTP/1.1' })), raw.over.then(() => raw.socket.destroy())),
        (raw) => (raw.write(upgradeHead('', { line: 'GET /late HTTP/1.1' })), raw.socket.destroy()),
        (raw) => (raw.write(head, hi), raw.socket.once('data', () => raw.socket.destroy())),
        (raw) => raw.end(head, hi, bye),
        (raw) => (raw.write(head, 'nonsense'), raw.over.then(() => raw.socket.destroy())),
        (raw) => raw.end('nonsense'),
      ];
      for (let round = 0; round < (host === 'serve with TLS' ? 2 : 10); round++) {
        const batch = Array.from({ length: 100 }, async (_, i) => {
          const raw = await served.dial();
          steps[(i + round) % steps.length](raw);
          await once(raw.socket, 'close');
        });
        await Promise.all(batch);
      }
      await noneLeft(served.server);
      assert.equal((served.sockets ?? {}).size, 0);
    });
  });
}

describe('the time for a head', () => {
  for (const [name, write] of [
    ['nothing', () => {}],
    ['a byte at a time', (raw) => {
      let at = 0;
      const timer = setInterval(() => raw.socket.write(upgradeHead()[at++]), 40);
      raw.over.then(() => clearInterval(timer));
    }],
  ]) {
    for (const secure of [false, true]) {
      test(`runs out for a client that sends ${name}${secure ? ', with TLS' : ''}`, async (t) => {
        const { port } = await serving(t, echo, { headTimeout: 300, ...(secure && { tls: { key, cert } }) });
        const raw = await dialRaw(port, secure ? { connect: tls.connect, ca: cert, host: 'localhost', family: 4 } : {});
        const began = Date.now();
        write(raw);
        await raw.over;
        raw.socket.destroy();
        const took = Date.now() - began;
        assert.ok(took > 200 && took < 5_000, `${took} ms`);
      });
    }
  }

  test('runs out for a client that never begins with TLS', async (t) => {
    const { port } = await serving(t, echo, { headTimeout: 300, tls: { key, cert } });
    const raw = await dialRaw(port);
    await raw.over;
    raw.socket.destroy();
  });
});

test('a client of ours beside a server that serves pages', async (t) => {
  const { ws } = await hosts.upgrader(t, echo);
  const page = await fetch(`${ws.replace('ws', 'http')}page`);
  assert.equal(await page.text(), 'a page');
  const client = new Ws(ws);
  const { next, closed } = watch(client);
  await once(client, 'open');
  client.send('x');
  assert.equal(String(await next()), 'x');
  client.close(1000);
  await closed;
});

test('without a server that hears requests, upgrade answers all', async (t) => {
  const server = http.createServer();
  server.on('upgrade', (request, socket, head) =>
    wspair.upgrade(request, socket, head, async (request, env, ctx) => {
      ctx.waitUntil(Promise.resolve());
      return new Response(`${env.NAME} got ${await request.text()}`);
    }, { env: { NAME: 'the env' } }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  const raw = await dialRaw(server.address().port);
  raw.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello');
  await until(() => raw.text().endsWith('the env got hello'));
  raw.socket.destroy();
});

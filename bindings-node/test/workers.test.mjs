// Worker code that nobody here wrote, unmodified, each with a real client.
import 'wspair/register';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { newWebSocketRpcSession, newWorkersRpcResponse, RpcTarget } from 'capnweb';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { upgradeWebSocket } from 'hono/cloudflare-workers';
import http from 'node:http';
import Ws from 'ws';
import { upgrade, upgrader } from 'wspair';
import { serving, until, watch } from './helpers.mjs';

test('Hono: upgradeWebSocket of hono/cloudflare-workers', async (t) => {
  const app = new Hono();
  const seen = [];
  app.get('/', (c) => c.text('a page'));
  app.get(
    '/ws/:name',
    upgradeWebSocket((c) => ({
      onMessage: (event, ws) => ws.send(`${c.req.param('name')}: ${event.data}`),
      onClose: (event) => seen.push(event.code),
    })),
  );
  const { url, ws } = await serving(t, app);
  assert.equal(await (await fetch(url)).text(), 'a page');
  const client = new Ws(`${ws}ws/hono`);
  const { next, closed } = watch(client);
  await once(client, 'open');
  client.send('hello');
  assert.equal(String(await next()), 'hono: hello');
  client.close(4001, 'bye');
  assert.deepEqual(await closed, [4001, 'bye', true]);
  await until(() => seen.length === 1);
  assert.deepEqual(seen, [4001]);
});

test('crossws: its Cloudflare adapter', async (t) => {
  const { default: crossws } = await import('crossws/adapters/cloudflare');
  const log = [];
  const adapter = crossws({
    hooks: {
      open: (peer) => peer.send('welcome'),
      message: (peer, message) => peer.send(`got ${message.text()}`),
      close: (_peer, { code }) => log.push(code),
    },
  });
  const worker = {
    fetch: (request, env, ctx) =>
      request.headers.get('upgrade') === 'websocket' ? adapter.handleUpgrade(request, env, ctx) : new Response('page'),
  };
  const { ws } = await serving(t, worker);
  const client = new Ws(ws);
  const messages = [];
  client.on('message', (data) => messages.push(String(data)));
  await until(() => messages.length === 1);
  client.send('this');
  await until(() => messages.length === 2);
  assert.deepEqual(messages, ['welcome', 'got this']);
  client.close(1000);
  await until(() => log.length === 1);
  assert.deepEqual(log, [1000]);
});

test('capnweb: object calls both ways', async (t) => {
  class Api extends RpcTarget {
    greet(name) {
      return `hello ${name}`;
    }
    async callBack(f) {
      return (await f(20)) + 1;
    }
  }
  const { ws } = await serving(t, (request) => newWorkersRpcResponse(request, new Api()));
  // The client that it makes itself is the global WebSocket: ours.
  const api = newWebSocketRpcSession(ws);
  assert.equal(await api.greet('you'), 'hello you');
  assert.equal(await api.callBack((number) => number * 2), 41);
  api[Symbol.dispose]();
});

test('Express: a Worker beside its routes', async (t) => {
  const app = express().get('/', (_request, response) => response.send('from express'));
  const server = http.createServer(app).listen(0, '127.0.0.1');
  t.after(() => server.close());
  server.on('upgrade', (request, socket, head) =>
    upgrade(request, socket, head, () => {
      const [client, end] = Object.values(new WebSocketPair());
      end.accept();
      end.addEventListener('message', ({ data }) => end.send(`beside: ${data}`));
      return new Response(null, { status: 101, webSocket: client });
    }),
  );
  await once(server, 'listening');
  const address = `127.0.0.1:${server.address().port}/`;
  assert.equal(await (await fetch(`http://${address}`)).text(), 'from express');
  const client = new Ws(`ws://${address}`);
  const { next, closed } = watch(client);
  await once(client, 'open');
  client.send('hi');
  assert.equal(String(await next()), 'beside: hi');
  client.close(1000);
  await closed;
});

test('Fastify: a Worker beside its routes, and what asks for another protocol is theirs', async (t) => {
  const app = fastify();
  app.post('/', async (request) => `fastify got ${request.body}`);
  const sockets = upgrader((request) => {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('not asked');
    const [client, end] = Object.values(new WebSocketPair());
    end.accept();
    end.addEventListener('message', ({ data }) => end.send(`beside: ${data}`));
    return new Response(null, { status: 101, webSocket: client });
  });
  app.server.on('upgrade', sockets.handle);
  t.after(async () => {
    await sockets.close({ deadline: 100 });
    await app.close();
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const { request } = http;
  const headers = { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABk', 'content-type': 'text/plain' };
  const [response] = await once(request(address, { method: 'POST', headers }).end('hello'), 'response');
  assert.equal(String(await response.setEncoding('utf8').reduce((all, part) => all + part, '')), 'fastify got hello');
  const client = new Ws(address.replace('http', 'ws'));
  const { next, closed } = watch(client);
  await once(client, 'open');
  client.send('hi');
  assert.equal(String(await next()), 'beside: hi');
  assert.equal(sockets.size, 1);
  client.close(1000);
  await closed;
});

// That server has a Response of its own, which it puts in the place of the global one.
for (const [order, imports] of Object.entries({
  'before Hono\'s server': "import 'wspair/register'; import { serve } from '@hono/node-server';",
  'behind Hono\'s server': "import { serve } from '@hono/node-server'; import 'wspair/register';",
})) {
  test(`Hono under its own server, registered ${order}`, async (t) => {
    const code = `
      ${imports}
      import { Hono } from 'hono';
      import { upgradeWebSocket } from 'hono/cloudflare-workers';
      import { upgrade, upgrader } from 'wspair';
      const app = new Hono();
      app.use(async (c, next) => { await next(); c.header('x-middleware', 'ran'); });
      app.get('/', (c) => c.text('a page'));
      app.get('/ws', upgradeWebSocket(() => ({ onMessage: (event, ws) => ws.send('hono: ' + event.data) })));
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(port));
      server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, app.fetch));`;
    const cwd = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
    const address = `127.0.0.1:${Number(port)}`;
    for (let round = 0; round < 2; round++) {
      const page = await fetch(`http://${address}/`);
      assert.deepEqual([await page.text(), page.headers.get('x-middleware')], ['a page', 'ran']);
      const client = new Ws(`ws://${address}/ws`);
      const { next, closed } = watch(client);
      await once(client, 'open');
      client.send('hi');
      assert.equal(String(await next()), 'hono: hi');
      client.close(1000);
      await closed;
      const [, none] = await once(new Ws(`ws://${address}/none`), 'unexpected-response');
      assert.equal(none.statusCode, 404);
    }
  });
}

for (const [name, says] of Object.entries({ http: 'beside node:http', express: 'beside Express', fastify: 'beside Fastify', hono: 'of Hono' })) {
  test(`examples/beside/${name}.mjs serves both, and says goodbye`, async (t) => {
    const cwd = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
    const child = spawn(process.execPath, [`examples/beside/${name}.mjs`], { cwd, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    const client = new Ws(`${line.trim().replace('http', 'ws')}chat`);
    const { next, closed } = watch(client);
    await once(client, 'open');
    client.send('hi');
    assert.equal(String(await next()), `${says}: hi`);
    assert.match(await (await fetch(line.trim())).text(), name === 'http' ? /a page of node:http/ : /^1 WebSockets /);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    assert.equal((await closed)[0], 1001);
    assert.deepEqual(await ended, [0, null]);
  });
}

// Worker code that nobody here wrote, unmodified, each with a real client.
import 'wspair/register';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { newWebSocketRpcSession, newWorkersRpcResponse, RpcTarget } from 'capnweb';
import express from 'express';
import { Hono } from 'hono';
import { upgradeWebSocket } from 'hono/cloudflare-workers';
import http from 'node:http';
import Ws from 'ws';
import { upgrade } from 'wspair';
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

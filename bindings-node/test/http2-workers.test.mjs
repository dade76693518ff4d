// Worker code that nobody here wrote, unmodified, with clients whose sockets are streams of one session of HTTP/2.
import 'wspair/register';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { upgradeWebSocket } from 'hono/cloudflare-workers';
import { serve } from 'wspair';
import { certificate, until } from './helpers.mjs';
import { Peer, session } from './http2.mjs';

const tls = certificate();

/** Serves a Worker's module; sockets of one session with it. */
async function opening(t, module, options = {}) {
  const serving = await serve(module, { port: 0, tls, ...options });
  t.after(() => serving.close({ deadline: 50 }));
  const client = await session(t, serving.url);
  return (path, fields = {}) => Peer.open(client, { ':path': path, ':authority': `localhost:${serving.port}`, ...fields });
}

test('Hono: upgradeWebSocket of hono/cloudflare-workers', async (t) => {
  const app = new Hono();
  const seen = [];
  app.get(
    '/ws/:name',
    upgradeWebSocket((c) => ({
      onMessage: (event, ws) => ws.send(`${c.req.param('name')}: ${event.data}`),
      onClose: (event) => seen.push(event.code),
    })),
  );
  const open = await opening(t, app);
  const peer = await open('/ws/hono');
  peer.send('hello');
  assert.equal(await peer.next(), 'hono: hello');
  peer.close(4001, 'bye');
  assert.equal((await peer.gone()).closed.clean, true);
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
  const open = await opening(t, { fetch: (request, env, ctx) => adapter.handleUpgrade(request, env, ctx) });
  const peer = await open('/');
  await until(() => peer.messages().length === 1);
  peer.send('this');
  await until(() => peer.messages().length === 2);
  assert.deepEqual(peer.messages(), ['welcome', 'got this']);
  peer.close(1000, '');
  await until(() => log.length === 1);
  assert.deepEqual(log, [1000]);
});

test('partyserver, hibernating in a Durable Object', async (t) => {
  const { Server, routePartykitRequest } = await import('partyserver');
  class Chat extends Server {
    static options = { hibernate: true };
    onConnect(connection) {
      connection.send(`welcome to ${this.name}`);
    }
    onMessage(_connection, message) {
      this.broadcast(`${message}`);
    }
    onClose() {
      this.broadcast('somebody left');
    }
  }
  const worker = { fetch: async (request, env) => (await routePartykitRequest(request, env)) ?? new Response('none', { status: 404 }) };
  const open = await opening(t, { default: worker, Chat }, { durableObjects: { Chat: 'Chat' } });
  const [one, two] = [await open('/parties/chat/room'), await open('/parties/chat/room')];
  await until(() => one.messages().length === 1 && two.messages().length === 1);
  one.send('hello');
  await until(() => one.messages().length === 2 && two.messages().length === 2);
  two.close(1000, '');
  await until(() => one.messages().length === 3);
  assert.deepEqual(one.messages(), ['welcome to room', 'hello', 'somebody left']);
});

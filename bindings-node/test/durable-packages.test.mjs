// Packages of others that keep WebSockets in Durable Objects, unmodified, each with a real client:
// once as they are, once with their objects put to sleep after every event.
import 'wspair/register';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import Ws from 'ws';
import { serve } from 'wspair';
import { until, watch } from './helpers.mjs';

// As Node 20 finds no `cloudflare:…` in a package's `import` without the loader that the command has.
const load = async (specifier) => {
  try {
    return await import(specifier);
  } catch (error) {
    if (error.code === 'ERR_UNSUPPORTED_ESM_URL_SCHEME') return undefined;
    throw error;
  }
};

async function serving(t, module, durableObjects, hibernateAfter) {
  const served = await serve(module, { port: 0, durableObjects, hibernateAfter });
  t.after(() => served.close({ deadline: 50 }));
  return { ...served, ws: served.url.replace('http', 'ws') };
}

async function connected(url) {
  const client = new Ws(url);
  const watched = watch(client);
  await once(client, 'open');
  const texts = () => watched.seen.filter((value) => value !== 'open').map((value) => (typeof value === 'string' ? value : Buffer.from(value).toString()));
  const got = (count) => until(() => texts().length >= count).then(texts);
  return Object.assign(client, watched, { got });
}

for (const [how, hibernateAfter] of [['as it is', 10_000], ['put to sleep after every event', 1]]) {
  const rest = () => new Promise((resolve) => setTimeout(resolve, hibernateAfter === 1 ? 15 : 0)); // sleeps: longer than an object stays awake

  describe(how, () => {
    test('partyserver, hibernating', async (t) => {
      const { Server, routePartykitRequest } = await load('partyserver');
      let made = 0;
      class Chat extends Server {
        static options = { hibernate: true };
        async onStart() {
          made++;
          this.count = (await this.ctx.storage.get('count')) ?? 0;
        }
        onConnect(connection) {
          connection.setState({ joined: true });
          connection.send(`welcome to ${this.name}`);
        }
        async onMessage(connection, message) {
          await this.ctx.storage.put('count', ++this.count);
          this.broadcast(`${this.count}: ${message} ${connection.state.joined}`);
        }
        onClose() {
          this.broadcast('somebody left');
        }
      }
      const worker = { fetch: async (request, env) => (await routePartykitRequest(request, env)) ?? new Response('none', { status: 404 }) };
      const { ws, url } = await serving(t, { default: worker, Chat }, { Chat: 'Chat' }, hibernateAfter);
      const one = await connected(`${ws}parties/chat/room`);
      const two = await connected(`${ws}parties/chat/room`);
      await Promise.all([one.got(1), two.got(1)]);
      for (const [at, client] of [one, two, one].entries()) {
        await rest();
        client.send(`hello ${at}`);
        await Promise.all([one.got(at + 2), two.got(at + 2)]);
      }
      const expected = ['welcome to room', '1: hello 0 true', '2: hello 1 true', '3: hello 2 true'];
      assert.deepEqual([await one.got(4), await two.got(4)], [expected, expected]);
      await rest();
      two.close(1000);
      assert.equal((await one.got(5)).at(-1), 'somebody left');
      assert.ok(hibernateAfter === 1 ? made > 1 : made === 1, `${made} times`);
      assert.equal((await fetch(`${url}elsewhere`)).status, 404);
      one.close();
    });

    test('partyserver, with its own WebSockets', { skip: typeof Iterator === 'undefined' && 'it needs iterator helpers' }, async (t) => {
      const { Server, routePartykitRequest } = await load('partyserver');
      class Chat extends Server {
        onConnect(connection) {
          connection.send('welcome');
        }
        onMessage(connection, message) {
          this.broadcast(`${[...this.getConnections()].length}: ${message}`);
        }
      }
      const worker = { fetch: (request, env) => routePartykitRequest(request, env) };
      const { ws } = await serving(t, { default: worker, Chat }, { Chat: 'Chat' }, hibernateAfter);
      const one = await connected(`${ws}parties/chat/room`);
      await one.got(1);
      await rest();
      one.send('hello');
      assert.deepEqual(await one.got(2), ['welcome', '1: hello']);
      one.close();
    });

    test('y-partyserver: two Yjs documents become one', async (t) => {
      const { routePartykitRequest } = await load('partyserver');
      const { YServer } = await load('y-partyserver');
      const { default: Provider } = await import('y-partyserver/provider');
      const Y = await import('yjs');
      class Doc extends YServer {
        static options = { hibernate: true };
      }
      const worker = { fetch: (request, env) => routePartykitRequest(request, env) };
      const { port } = await serving(t, { default: worker, Doc }, { Doc: 'Doc' }, hibernateAfter);
      const docs = [new Y.Doc(), new Y.Doc()];
      const providers = docs.map((doc) => new Provider(`127.0.0.1:${port}`, 'page', doc, { party: 'doc', WebSocketPolyfill: Ws, disableBc: true }));
      t.after(() => providers.forEach((provider) => provider.destroy()));
      await until(() => providers.every(({ synced }) => synced));
      await rest();
      docs[0].getText('t').insert(0, 'hello');
      await until(() => docs[1].getText('t').toString() === 'hello');
      await rest();
      docs[1].getText('t').insert(5, ', world');
      await until(() => docs[0].getText('t').toString() === 'hello, world');
    });

    test('crossws: its durable adapter, with publish', async (t) => {
      const { default: crossws } = await import('crossws/adapters/cloudflare');
      const adapter = crossws({
        hooks: {
          open(peer) {
            peer.subscribe('news');
            peer.send('welcome');
          },
          message(peer, message) {
            peer.publish('news', `news: ${message.text()}`);
            peer.send(`got ${message.text()}`);
          },
        },
      });
      const { DurableObject } = await import('wspair/cloudflare/workers');
      class $DurableObject extends DurableObject {
        constructor(ctx, env) {
          super(ctx, env);
          adapter.handleDurableInit(this, ctx, env);
        }
        fetch(request) {
          return adapter.handleDurableUpgrade(this, request);
        }
        webSocketMessage(client, message) {
          return adapter.handleDurableMessage(this, client, message);
        }
        webSocketPublish(topic, message, options) {
          return adapter.handleDurablePublish(this, topic, message, options);
        }
        webSocketClose(client, code, reason, wasClean) {
          return adapter.handleDurableClose(this, client, code, reason, wasClean);
        }
      }
      const worker = {
        fetch: (request, env, ctx) => (request.headers.get('upgrade') === 'websocket' ? adapter.handleUpgrade(request, env, ctx) : new Response('page')),
      };
      const { ws } = await serving(t, { default: worker, $DurableObject }, { $DurableObject: '$DurableObject' }, hibernateAfter);
      const [one, two] = [await connected(ws), await connected(ws)];
      await Promise.all([one.got(1), two.got(1)]);
      await rest();
      one.send('hello');
      assert.deepEqual(await one.got(2), ['welcome', 'got hello']);
      assert.deepEqual(await two.got(2), ['welcome', 'news: hello']);
      one.close();
      two.close();
    });

    test('Hono inside an object', async (t) => {
      const { Hono } = await import('hono');
      const { upgradeWebSocket } = await import('hono/cloudflare-workers');
      const { DurableObject } = await import('wspair/cloudflare/workers');
      class Counter extends DurableObject {
        app = new Hono()
          .get('/count', async (c) => {
            const count = ((await this.ctx.storage.get('count')) ?? 0) + 1;
            await this.ctx.storage.put('count', count);
            return c.json({ count });
          })
          .get('/ws', upgradeWebSocket(() => ({ onMessage: (event, ws) => ws.send(`counted ${event.data}`) })));
        fetch(request) {
          return this.app.fetch(request);
        }
      }
      const worker = new Hono().all('*', (c) => c.env.COUNTER.getByName('one').fetch(c.req.raw));
      const { url, ws } = await serving(t, { default: worker, Counter }, { COUNTER: 'Counter' }, hibernateAfter);
      for (const count of [1, 2, 3]) {
        assert.deepEqual(await (await fetch(`${url}count`)).json(), { count });
        await rest();
      }
      const client = await connected(`${ws}ws`);
      await rest();
      client.send('this');
      assert.deepEqual(await client.got(1), ['counted this']);
      client.close();
    });
  });
}

// What was opened, used and dropped leaves nothing behind. Needs --expose-gc.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as wspair from 'wspair';
import Ws from 'ws';
import { serving, until, watch, withEnd } from './helpers.mjs';

const { native } = createRequire(import.meta.url)('../dist/native.js');
const turn = () => new Promise((resolve) => setTimeout(resolve, 20)); // sleeps: a turn of the loop in which garbage is collected

/** The heap, and what else the process holds, once nothing more is collected. */
async function settled() {
  for (let i = 0; i < 6; i++) {
    globalThis.gc();
    await turn();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, rss: rss / 1e6 };
}

async function flat(round) {
  await round();
  const before = await settled();
  await round();
  await round();
  const after = await settled();
  const grown = { heap: after.heap - before.heap, rss: after.rss - before.rss };
  // What the allocator keeps for later varies by a few hundred; what two rounds forget is more than two thousand.
  assert.ok(grown.heap < 5 && grown.rss < 1_000, JSON.stringify(grown));
}

test('a planted leak is seen', { skip: !globalThis.gc }, async () => {
  const kept = [];
  // A kilobyte for each of as many rounds as below.
  await assert.rejects(flat(() => { for (let i = 0; i < 3_000; i++) kept.push(new Array(128).fill(i)); }), /heap/);
  const native0 = native.connCount();
  const config = new wspair.ConnectionConfig();
  for (let i = 0; i < 100; i++) kept.push(new wspair.Connection('server', config));
  assert.equal(native.connCount(), native0 + 100);
  kept.length = 0;
  await until(() => (globalThis.gc(), native.connCount() === native0));
});

test('connections without a socket', { skip: !globalThis.gc }, async () => {
  const config = new wspair.ConnectionConfig();
  const agreed = { deflate: { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: 15, clientMaxWindowBits: 15 } };
  const native0 = native.connCount();
  await flat(async () => {
    for (let i = 0; i < 3_000; i++) {
      const client = new wspair.Connection('client', config, agreed);
      const server = new wspair.Connection('server', config, agreed);
      client.sendText('hello '.repeat(50));
      for (const { data } of server.receive(client.flush())) server.sendText(data);
      client.receive(server.flush());
      if (i % 500 === 0) await turn();
    }
  });
  await until(() => (globalThis.gc(), native.connCount() <= native0));
});

test('connections of a Worker', { skip: !globalThis.gc }, async (t) => {
  const echo = withEnd(wspair, (end) => {
    end.accept();
    end.addEventListener('message', (event) => end.send(event.data));
  });
  const { ws } = await serving(t, echo);
  const pairs0 = native.pairCount();
  const talk = async (client, close) => {
    await once(client, 'open');
    client.send('hello '.repeat(50));
    await once(client, 'message');
    const { closed } = watch(client);
    close(client);
    await closed;
  };
  await flat(async () => {
    for (let i = 0; i < 20; i++) {
      const foreign = Array.from({ length: 15 }, (_, k) => talk(new Ws(ws), (client) => (k % 3 ? client.close(1000) : client.terminate())));
      const own = Array.from({ length: 10 }, () => talk(new wspair.WebSocket(ws), (client) => client.close(1000)));
      await Promise.all([...foreign, ...own]);
    }
  });
  await until(() => (globalThis.gc(), native.connCount() === 0 && native.pairCount() <= pairs0));
});

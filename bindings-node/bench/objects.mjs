// Many objects with one sleeping WebSocket each, their clients in a second process: what a socket takes, and
// how they wake up together.
//
//     node --expose-gc bench/objects.mjs [OBJECTS=10000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import WebSocket from 'ws';

const objects = Number(process.env.OBJECTS ?? 10_000);
const awake = Math.min(1_000, objects);
const messages = 10;

if (process.argv[2] === 'clients') await clients(process.argv[3]);
else await server();

async function server() {
  await import('../dist/register-globals.js');
  const { serve } = await import('../dist/index.mjs');
  const { DurableObject } = createRequire(import.meta.url)('../dist/cloudflare/workers.js');
  const order = [];
  class Room extends DurableObject {
    count = 0;
    fetch() {
      const [client, end] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(end);
      return new Response(null, { status: 101, webSocket: client });
    }
    webSocketMessage(end, message) {
      order.push(this.ctx.id.name);
      end.send(`${message} ${this.count++}`);
    }
  }
  const worker = { fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname).fetch(request) };
  const serving = await serve({ default: worker, Room }, { port: 0, durableObjects: { ROOM: 'Room' }, limits: { maxMessage: 1 << 20 } });
  globalThis.gc();
  const before = process.memoryUsage().rss;
  const child = fork(new URL(import.meta.url), ['clients', serving.url], { execArgv: [] });
  await once(child, 'message');
  await serving.durable.evict();
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 500));
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  console.log(`${objects} objects asleep, a WebSocket each: ${((rss - before) / objects / 1024).toFixed(1)} KiB a socket (heap now ${(heapUsed / 2 ** 20).toFixed()} MiB)`);
  child.send('wake');
  const [{ ms, wrong }] = await once(child, 'message');
  // How far the first to be done was ahead of the last to begin.
  const first = new Map();
  const done = new Map();
  for (const [at, name] of order.entries()) {
    if (!first.has(name)) first.set(name, at);
    done.set(name, at);
  }
  const ahead = Math.max(...first.values()) - Math.min(...done.values());
  console.log(`${awake} of them woken at once, ${messages} messages each: ${ms.toFixed()} ms, ${wrong} out of order; ${ahead > 0 ? `the first was done ${ahead} messages before the last began` : 'all had begun before the first was done'}`);
  child.kill();
  await serving.close({ deadline: 1_000 });
  process.exitCode = wrong === 0 ? 0 : 1;
}

async function clients(url) {
  const sockets = [];
  const address = url.replace('http', 'ws');
  for (let at = 0; at < objects; at += 100) {
    const some = Array.from({ length: Math.min(100, objects - at) }, (_, n) => new WebSocket(`${address}${at + n}`, { perMessageDeflate: false }));
    await Promise.all(some.map((socket) => once(socket, 'open')));
    sockets.push(...some);
  }
  process.send('open');
  await once(process, 'message');
  const began = performance.now();
  let wrong = 0;
  await Promise.all(
    sockets.slice(0, awake).map(async (socket) => {
      let got = 0;
      const all = new Promise((resolve) =>
        socket.on('message', (data) => {
          if (String(data) !== `${got} ${got}`) wrong++;
          if (++got === messages) resolve();
        }),
      );
      for (let n = 0; n < messages; n++) socket.send(String(n));
      await all;
    }),
  );
  process.send({ ms: performance.now() - began, wrong });
}

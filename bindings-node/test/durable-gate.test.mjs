// What leaves a Durable Object leaves after what it wrote is kept, or never.
import 'wspair/register';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ws from 'ws';
import { serve } from 'wspair';
import { until as within, watch } from './helpers.mjs';

const { DurableObject } = await import('cloudflare:workers').catch(() => import('wspair/cloudflare/workers'));
const { library } = createRequire(import.meta.url)('../dist/durable/storage/libraries.js');
const { setReporter } = createRequire(import.meta.url)('../dist/internal.js');
const until = (condition) => within(condition, 30_000);
const skip = library() === undefined && 'there is no SQLite here';

function temporary(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Accepts sockets, and does with each message what the test says. */
function talking(message) {
  return class Room extends DurableObject {
    fetch() {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    webSocketMessage(ws, data) {
      return message(this.ctx.storage, ws, data);
    }
  };
}

async function served(t, Room, state = temporary(t)) {
  const worker = { fetch: (request, env) => env.ROOM.getByName('room').fetch(request) };
  const serving = await serve({ default: worker, Room }, { port: 0, durableObjects: { ROOM: 'Room' }, state });
  t.after(() => serving.close({ deadline: 50 }));
  const socket = new WebSocket(serving.url.replace('http', 'ws'));
  const seen = watch(socket);
  await until(() => socket.readyState === 1);
  return { socket, ...seen };
}

describe('a frame', { skip }, () => {
  test('that is sent within a synchronous transaction goes out, and what is rolled back is not kept', async (t) => {
    const { socket, seen } = await served(t, talking((storage, ws, data) => {
      if (data === 'read') return ws.send(JSON.stringify([...storage.kv.list()]));
      try {
        storage.transactionSync(() => {
          storage.kv.put(data, 1);
          ws.send(`in ${data}`);
          storage.kv.put(`${data} behind`, 1);
          if (data === 'undone') throw new Error('undo');
        });
      } catch {}
    }));
    for (const message of ['kept', 'undone', 'read']) socket.send(message);
    await until(() => seen.filter((each) => each !== 'open').length === 3);
    assert.deepEqual(seen.slice(-3), ['in kept', 'in undone', '[["kept",1],["kept behind",1]]']);
  });

  test('that is sent within a transaction does not wait for its end', async (t) => {
    let finish;
    const { socket, seen } = await served(t, talking((storage, ws) =>
      storage.transaction(async (txn) => {
        await txn.put('key', 1);
        ws.send('inside');
        await new Promise((resolve) => (finish = resolve));
      }),
    ));
    socket.send('go');
    await until(() => seen.includes('inside'));
    finish();
  });
});

/** In a process that can write no file beyond some size, as if the disk were full. */
const small = `
  import 'wspair/register';
  import { serve } from 'wspair';
  const { DurableObject } = await import('cloudflare:workers').catch(() => import('wspair/cloudflare/workers'));
  class Room extends DurableObject {
    async fetch(request) {
      if (request.headers.get('upgrade') === 'websocket') {
        const [client, server] = Object.values(new WebSocketPair());
        this.ctx.acceptWebSocket(server);
        return new Response(null, { status: 101, webSocket: client });
      }
      return Response.json([(await this.ctx.storage.get('n')) ?? 0, (await this.ctx.storage.list({ prefix: 'pad' })).size]);
    }
    webSocketMessage(ws, message) {
      const n = Number(message);
      try {
        this.ctx.storage.put('pad ' + n, 'x'.repeat(20000));
        this.ctx.storage.put('n', n);
      } catch {}
      ws.send(message);
      ws.send('and ' + message);
    }
  }
  const worker = { fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname).fetch(request) };
  const { url } = await serve({ default: worker, Room }, { port: 0, durableObjects: { ROOM: 'Room' }, state: process.argv[1] });
  console.log(url);`;

test('a commit that fails sends nothing, drops the sockets, and the object is built anew from what was kept', { skip: skip || process.platform === 'win32' }, async (t) => {
  const child = spawn('bash', ['-c', 'ulimit -f 300; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', small, temporary(t)], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  const { value: url } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const socket = new Ws(`${url.replace('http', 'ws')}full`);
  const got = [];
  let sent = 0;
  const next = () => socket.send(String(++sent));
  socket.on('open', next);
  socket.on('message', (data) => {
    got.push(String(data));
    if (!String(data).startsWith('and')) next();
  });
  const [code] = await once(socket, 'close');
  assert.equal(code, 1006);
  assert.ok(sent > 1 && sent < 100, `${sent} were sent`);
  // All that was answered, and nothing of the turn that was lost.
  assert.deepEqual(got, Array.from({ length: sent - 1 }, (_, i) => [String(i + 1), `and ${i + 1}`]).flat());
  assert.deepEqual(await (await fetch(`${url}full`)).json(), [sent - 1, sent - 1], log);
  assert.deepEqual(await (await fetch(`${url}other`)).json(), [0, 0]);
});

test('a damaged database fails the requests of its object alone', { skip }, async (t) => {
  const told = [];
  setReporter((error) => told.push(error));
  t.after(() => setReporter((error) => console.error('Uncaught', error)));
  const state = temporary(t);
  class Room extends DurableObject {
    async fetch() {
      await this.ctx.storage.put('key', 1);
      return new Response('kept');
    }
  }
  const worker = { fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname).fetch(request).catch((error) => new Response(error.message, { status: 500 })) };
  const open = () => serve({ default: worker, Room }, { port: 0, durableObjects: { ROOM: 'Room' }, state });
  const first = await open();
  assert.equal(await (await fetch(`${first.url}a`)).text(), 'kept');
  await first.close();
  const folder = readdirSync(state).find((name) => /^[0-9a-f]{64}$/.test(name));
  const [file] = readdirSync(path.join(state, folder));
  const damaged = path.join(state, folder, file);
  writeFileSync(damaged, 'no database '.repeat(1000));
  const second = await open();
  t.after(() => second.close({ deadline: 50 }));
  assert.match(await (await fetch(`${second.url}a`)).text(), new RegExp(`^wspair: ${damaged} is damaged \\(.*\\)$`));
  assert.equal(await (await fetch(`${second.url}b`)).text(), 'kept');
});

test('what a write survives is said by its name', { skip }, async (t) => {
  class Room extends DurableObject {}
  const options = { port: 0, durableObjects: { ROOM: 'Room' }, state: temporary(t) };
  await assert.rejects(serve({ default: { fetch() {} }, Room }, { ...options, durability: 'none' }), { name: 'TypeError' });
  const serving = await serve({ default: { fetch() {} }, Room }, { ...options, durability: 'process' });
  await serving.close();
});

test('a folder in use starts nothing', { skip }, async (t) => {
  const state = temporary(t);
  class Room extends DurableObject {}
  const options = { port: 0, durableObjects: { ROOM: 'Room' }, state };
  const first = await serve({ default: { fetch() {} }, Room }, options);
  t.after(() => first.close({ deadline: 50 }));
  await assert.rejects(serve({ default: { fetch() {} }, Room }, options), { message: `wspair: the state folder ${state} is in use by process ${process.pid}` });
});

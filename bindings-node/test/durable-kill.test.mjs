// A write that was answered survives kill -9, and no turn is there in half. KILLS=200 for the long run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ws from 'ws';
import { until } from './helpers.mjs';

const { library } = createRequire(import.meta.url)('../dist/durable/storage/libraries.js');
const kills = Number(process.env.KILLS ?? 20);

// A turn writes two keys and a row, which say the same number.
const server = `
  import 'wspair/register';
  import { serve } from 'wspair';
  const { DurableObject } = await import('cloudflare:workers').catch(() => import('wspair/cloudflare/workers'));
  class Room extends DurableObject {
    async take(n) {
      const { storage } = this.ctx;
      storage.put({ n, pad: 'x'.repeat(n % 5000) });
      storage.sql.exec('CREATE TABLE IF NOT EXISTS log (n INTEGER)');
      storage.sql.exec('INSERT INTO log VALUES (?)', n);
      storage.put('copy', n);
    }
    async fetch(request) {
      const [, , what] = new URL(request.url).pathname.split('/');
      if (request.headers.get('upgrade') === 'websocket') {
        const [client, end] = Object.values(new WebSocketPair());
        this.ctx.acceptWebSocket(end);
        return new Response(null, { status: 101, webSocket: client });
      }
      if (what !== 'read') {
        this.take(Number(what));
        return new Response(what);
      }
      const { storage } = this.ctx;
      const rows = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'log'").toArray().length > 0 ? storage.sql.exec('SELECT count(*) AS count, coalesce(max(n), 0) AS n FROM log').one() : { count: 0, n: 0 };
      return Response.json({ n: (await storage.get('n')) ?? 0, copy: (await storage.get('copy')) ?? 0, pad: ((await storage.get('pad')) ?? '').length, rows });
    }
    webSocketMessage(ws, message) {
      this.take(Number(message));
      ws.send(message);
    }
  }
  const worker = { fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname.split('/')[1]).fetch(request) };
  const { url } = await serve({ default: worker, Room }, { port: 0, durableObjects: { ROOM: 'Room' }, state: process.argv[1] });
  console.log(url);`;

async function start(folder) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', server, folder], { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] });
  const { value: url } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  assert.ok(url, 'the server starts');
  return { child, url };
}

/** Sends the next number when the one before it was answered, until the server is gone. */
async function ask(url, object) {
  while (object.running) {
    object.sent = object.answered + 1;
    const response = await fetch(`${url}${object.name}/${object.sent}`);
    object.answered = Number(await response.text());
  }
}

async function talk(url, object) {
  const socket = new Ws(`${url.replace('http', 'ws')}${object.name}`);
  socket.on('error', () => {});
  const next = () => object.running && socket.send(String((object.sent = object.answered + 1)));
  socket.on('open', next);
  socket.on('message', (data) => {
    object.answered = Number(data);
    next();
  });
  await once(socket, 'close');
}

test(`what was answered survives ${kills} kills, and no turn is there in half`, { skip: library() === undefined && 'there is no SQLite here', timeout: 1_800_000 }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kill-'));
  let child;
  t.after(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const objects = ['ask-a', 'ask-b', 'talk-a', 'talk-b'].map((name) => ({ name, answered: 0, sent: 0, running: false }));
  for (let kill = 0; kill <= kills; kill++) {
    const server = await start(folder);
    child = server.child;
    for (const object of objects) {
      const { n, copy, pad, rows } = await (await fetch(`${server.url}${object.name}/read`)).json();
      assert.ok(n >= object.answered && n <= object.sent, `after ${kill} kills ${object.name} has ${n}; ${object.answered} was answered, ${object.sent} sent`);
      assert.deepEqual({ copy, pad, rows }, { copy: n, pad: n % 5000, rows: { count: n, n } }, object.name);
      object.answered = n;
      object.before = n;
      object.sent = n;
      object.running = true;
    }
    const done = objects.map((object) => (object.name.startsWith('ask') ? ask : talk)(server.url, object).catch(() => {}));
    // Each of them is answered in some of the rounds, on a slow machine too.
    const awaited = objects[kill % objects.length];
    await until(() => awaited.answered > awaited.before, 60_000);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100)); // sleeps: kills at any moment
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const object of objects) object.running = false;
    await Promise.all(done);
  }
  for (const { name, answered } of objects) assert.ok(answered > 0, `${name} was answered`);
  t.diagnostic(`${objects.map(({ name, answered }) => `${name} ${answered}`).join(', ')} answered`);
});

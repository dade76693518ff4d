// Packages that keep WebSockets in Durable Objects and are too large for the other tests: unmodified, run by the command as it is
// installed, each with its own client. Once as they are, once with their objects put to sleep as soon as nothing happens to them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TLSyncClient } from '@tldraw/sync-core';
import { createTLSchema, PageRecordType } from '@tldraw/tlschema';
import { Store } from '@tldraw/store';
import { atom } from '@tldraw/state';
import { AgentClient } from 'agents/client';
import Ws from 'ws';

// A page has it, and tldraw's client is of one.
globalThis.requestAnimationFrame = (callback) => setTimeout(callback, 16);
globalThis.cancelAnimationFrame = clearTimeout;

const here = path.dirname(fileURLToPath(import.meta.url));

const until = async (found, ms = 30_000) => {
  for (const end = Date.now() + ms; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const value = await found();
    if (value) return value;
    assert.ok(Date.now() < end, `waited ${ms} ms for ${found}`);
  }
};

/** The command, with a configuration for one class of objects, on a state that outlives it. */
function project(t, main, binding, className) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wspair-objects-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const configuration = {
    name: 'objects',
    main: path.join(here, main),
    compatibility_date: '2026-11-17',
    durable_objects: { bindings: [{ name: binding, class_name: className }] },
    migrations: [{ tag: 'v1', new_sqlite_classes: [className] }],
  };
  writeFileSync(path.join(folder, 'wrangler.json'), JSON.stringify(configuration));
  return async (...args) => {
    const child = spawn(process.execPath, [path.join(here, 'node_modules/wspair/dist/cli.js'), '--port', '0', '--quiet', ...args], { cwd: folder });
    t.after(() => child.kill('SIGKILL'));
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (told += text));
    const ended = once(child, 'close');
    const url = await until(() => /listening on http:\/\/(\S+)\/\n/.exec(told)?.[1] ?? (child.exitCode !== null && assert.fail(told)));
    const stop = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    return { host: url, stop, told: () => told };
  };
}

for (const [how, args] of [['as it is', []], ['asleep whenever it can be', ['--hibernate-after', '1ms']]]) {
  describe(how, () => {
    test('agents: state, SQL, callable methods, schedules, messages', async (t) => {
      const start = project(t, 'agents-worker.mjs', 'Counter', 'Counter');
      const served = await start(...args);
      const connect = async (host) => {
        const seen = [];
        const client = new AgentClient({ agent: 'counter', name: 'one', host, protocol: 'ws', WebSocket: Ws, onStateUpdate: (state) => seen.push(state) });
        t.after(() => client.close());
        const heard = [];
        client.addEventListener('message', ({ data }) => heard.push(data));
        await client.ready;
        return { client, seen, heard };
      };
      const one = await connect(served.host);
      const two = await connect(served.host);
      assert.equal(await one.client.call('add', [2]), 2);
      assert.equal(await two.client.call('add', [3]), 5);
      await until(() => [one, two].every(({ seen }) => seen.at(-1)?.count === 5));
      assert.deepEqual([await one.client.call('note', ['b']), await two.client.call('note', ['a'])], [['b'], ['a', 'b']]);
      await assert.rejects(one.client.call('fail'), /cannot/);
      one.client.setState({ count: 10, ticks: [] });
      await until(() => two.seen.at(-1)?.count === 10);
      assert.equal(await two.client.call('later', [1, 'rang']), 'tick');
      await until(() => one.seen.at(-1)?.ticks.includes('rang'));
      one.client.send('hello');
      await until(() => one.heard.includes('heard hello'));
      const made = await one.client.call('made');
      assert.ok(args.length === 0 ? made === 1 : made > 1, `it was made ${made} times`);
      one.client.close();
      two.client.close();
      await served.stop();

      // It was killed, and is there again.
      const again = await connect((await start(...args)).host);
      await until(() => again.seen.at(-1)?.count === 10);
      assert.deepEqual(await again.client.call('note', ['c']), ['a', 'b', 'c']);
    });

    test('tldraw: two whiteboards become one, and are there after a restart', async (t) => {
      const start = project(t, 'whiteboard-worker.mjs', 'BOARD', 'Board');
      const served = await start(...args);
      const one = await whiteboard(t, served.host, 'one');
      const two = await whiteboard(t, served.host, 'two');
      one.put([PageRecordType.create({ id: PageRecordType.createId('a'), name: 'made by one', index: 'a1' })]);
      await until(() => two.get('page:a')?.name === 'made by one');
      two.update('page:a', (page) => ({ ...page, name: 'renamed by two' }));
      await until(() => one.get('page:a')?.name === 'renamed by two');
      await served.stop();

      const again = await whiteboard(t, (await start(...args)).host, 'three');
      await until(() => again.get('page:a')?.name === 'renamed by two');
    });
  });
}

/** A store of tldraw, synchronised by its own client. */
async function whiteboard(t, host, sessionId) {
  const schema = createTLSchema();
  const store = new Store({ schema, props: { defaultName: '', assets: {}, onMount() {} } });
  const socket = new Ws(`ws://${host}/board?sessionId=${sessionId}`);
  socket.on('error', () => {});
  const listeners = { message: new Set(), status: new Set() };
  const listen = (kind) => (listener) => {
    listeners[kind].add(listener);
    return () => listeners[kind].delete(listener);
  };
  const persistent = {
    connectionStatus: 'offline',
    sendMessage: (message) => socket.send(JSON.stringify(message)),
    onReceiveMessage: listen('message'),
    onStatusChange: listen('status'),
    restart() {},
    close: () => socket.close(),
  };
  const status = (status) => {
    persistent.connectionStatus = status;
    for (const listener of listeners.status) listener({ status });
  };
  socket.on('open', () => status('online'));
  socket.on('close', () => status('offline'));
  socket.on('message', (data) => {
    for (const listener of listeners.message) listener(JSON.parse(data));
  });
  let client;
  await new Promise((onLoad, reject) => {
    client = new TLSyncClient({ store, socket: persistent, presence: atom('presence', null), onLoad, onSyncError: (reason) => reject(new Error(reason)) });
  });
  t.after(() => {
    client.close();
    socket.terminate();
  });
  return store;
}

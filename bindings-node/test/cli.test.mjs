// The command, as a person starts it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ws from 'ws';
import { until, watch } from './helpers.mjs';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const greeter = (word) => `
  export default {
    fetch() {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.send('${word} ' + server.binaryType);
      return new Response(null, { status: 101, webSocket: client });
    },
  };`;

let folder;
before(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'wspair-'))));
after(() => rm(folder, { recursive: true }));

function run(t, ...args) {
  // In a group of its own, so that what it started ends with it.
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, detached: true });
  t.after(() => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // all ended
    }
  });
  const told = { out: '', err: '' };
  child.stdout.on('data', (text) => (told.out += text));
  child.stderr.on('data', (text) => (told.err += text));
  const ended = once(child, 'close');
  const url = async () => {
    await until(() => /listening on (\S+)\n/.test(told.out), 10_000);
    return /listening on (\S+)\n/.exec(told.out)[1].replace('http', 'ws');
  };
  return { child, told, ended, url };
}

async function worker(name, text) {
  await writeFile(path.join(folder, name), text);
  return name;
}

async function greeting(url) {
  const client = new Ws(url);
  const [data] = await once(client, 'message');
  client.close();
  return String(data);
}

describe('wspair', () => {
  test('serves a Worker until Ctrl-C, which closes cleanly', async (t) => {
    const { child, ended, url } = run(t, await worker('one.mjs', greeter('hello')), '--port', '0');
    const client = new Ws(await url());
    const [data] = await once(client, 'message');
    assert.equal(String(data), 'hello blob');
    const { closed } = watch(client);
    child.kill('SIGINT');
    assert.deepEqual(await closed, [1001, '', true]);
    assert.deepEqual(await ended, [0, null]);
  });

  test('behaves as at a compatibility date', async (t) => {
    const { url } = run(t, await worker('old.mjs', greeter('hello')), '--port', '0', '--compat-date', '2024-01-01');
    assert.equal(await greeting(await url()), 'hello arraybuffer');
  });

  test('says what is wrong', async (t) => {
    const cases = [
      [[], /usage: wspair WORKER/],
      [['absent.mjs'], /there is no absent\.mjs/],
      [[await worker('throws.mjs', 'throw new Error("at the top")')], /at the top[^]*throws\.mjs could not be loaded/],
      [[await worker('empty.mjs', 'export default {}')], /empty\.mjs exports no fetch/],
      [['empty.mjs', '--port', 'x'], /--port x is no port/],
      [['empty.mjs', '--compat-date', 'x'], /"x" is not a compatibility date/],
      [['empty.mjs', '--nonsense'], /Unknown option '--nonsense'/],
    ];
    for (const [args, text] of cases) {
      const { ended, told } = run(t, ...args);
      assert.equal((await ended)[0], 1);
      assert.match(told.err, text);
    }
  });

  test('starts again when a file changes', async (t) => {
    const file = await worker('watched.mjs', greeter('before'));
    const port = String(20_000 + (process.pid % 20_000));
    const { url, child, ended } = run(t, file, '--watch', '--port', port);
    const address = await url();
    assert.equal(await greeting(address), 'before blob');
    await worker('watched.mjs', greeter('after'));
    const deadline = Date.now() + 20_000;
    let now;
    while (now !== 'after blob' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      now = await greeting(address).catch(() => undefined);
    }
    assert.equal(now, 'after blob');
    child.kill('SIGINT');
    await ended;
  });
});

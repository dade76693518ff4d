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
import { certificate, until, watch } from './helpers.mjs';

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
      [['empty.mjs', '--durability', 'both'], /--durability both is neither power nor process/],
      [['empty.mjs', '--apply-deletes'], /--apply-deletes is of the migrations of a configuration, and there is none/],
      [['empty.mjs', '--port', 'x'], /--port x is no port/],
      [['empty.mjs', '--compat-date', 'x'], /"x" is not a compatibility date/],
      [['empty.mjs', '--nonsense'], /Unknown option '--nonsense'/],
      [['empty.mjs', '--port', ''], /--port {2}is no port/],
      [['empty.mjs', '--ping', 'often'], /--ping often is not a time such as 30s/],
      [['empty.mjs', '--max-message', '0'], /--max-message 0 is not a size such as 1m/],
      [['empty.mjs', '--var', 'NAME'], /--var NAME is not NAME=VALUE/],
      [['empty.mjs', '--tls-cert', 'c.pem'], /--tls-cert and --tls-key are both needed/],
      [['empty.mjs', '--tls-cert', 'c.pem', '--tls-key', 'k.pem'], /--tls-cert c\.pem cannot be read/],
      [[await worker('bare.mjs', 'export default class {}')], /bare\.mjs exports no fetch/],
      [[await worker('worker.wasm', '')], /worker\.wasm/],
    ];
    for (const [args, text] of cases) {
      const { ended, told } = run(t, ...args);
      assert.equal((await ended)[0], 1);
      assert.match(told.err, text);
    }
  });

  test('tells what it serves, a line for each request and each connection, unless it is to be quiet', async (t) => {
    const file = await worker('lines.mjs', `
      export default {
        fetch(request) {
          if (request.headers.get('upgrade') !== 'websocket') return new Response('no', { status: 404 });
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          return new Response(null, { status: 101, webSocket: client });
        },
      };`);
    for (const quiet of [[], ['--quiet']]) {
      const { url, told } = run(t, file, '--port', '0', ...quiet);
      const address = await url();
      await (await fetch(`${address.replace('ws', 'http')}page?q`)).text();
      const client = new Ws(`${address}chat`);
      await once(client, 'open');
      client.close(4000, 'a "reason"');
      await once(client, 'close');
      const dropped = new Ws(`${address}other`);
      await once(dropped, 'open');
      dropped.terminate();
      const lines = [/^GET \/page\?q 404 \d+ ms$/m, /^GET \/chat 101 \d+ ms$/m, /^closed \/chat 4000 "a \\"reason\\""$/m, /^closed \/other 1006$/m];
      if (quiet.length === 0) await until(() => lines.every((line) => line.test(told.out)));
      else assert.match(told.out, /^listening on \S+\n$/);
      assert.equal(told.err, '');
    }
  });

  test('outlives what a Worker throws where nobody can catch it', async (t) => {
    const file = await worker('throws-later.mjs', `
      export default {
        fetch(request) {
          if (request.headers.get('upgrade') !== 'websocket') return new Response('alive');
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          setTimeout(() => { throw new Error('of a timer'); }, 10);
          (async () => { await 0; throw new Error('of a promise'); })();
          setImmediate(() => Promise.reject(undefined));
          server.addEventListener('message', async (event) => JSON.parse(event.data));
          return new Response(null, { status: 101, webSocket: client });
        },
      };`);
    const { child, ended, told, url } = run(t, file, '--port', '0');
    const address = await url();
    const client = new Ws(address);
    await once(client, 'open');
    client.send('{nonsense');
    await until(() => ['of a timer', 'of a promise', 'JSON'].every((text) => told.err.includes(text)));
    assert.equal(await (await fetch(address.replace('ws', 'http'))).text(), 'alive');
    assert.equal(client.readyState, 1);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  });

  test('ends with status 0 whatever its clients do', async (t) => {
    const file = await worker('stuck.mjs', `
      export default {
        fetch(request, env, ctx) {
          ctx.waitUntil(new Promise(() => {}));
          const { pathname } = new URL(request.url);
          if (pathname === '/never') return new Promise(() => {});
          const [client, server] = Object.values(new WebSocketPair());
          server.accept();
          return new Response(null, { status: 101, webSocket: client });
        },
      };`);
    const { child, ended, url } = run(t, file, '--port', '0');
    const address = await url();
    const client = new Ws(address);
    await once(client, 'open');
    client.pause();
    fetch(`${address.replace('ws', 'http')}never`).catch(() => {});
    const stuck = new Ws(`${address}never`);
    stuck.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 50)); // sleeps: gives the requests time to arrive; that they do is not looked at
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
    client.terminate();
  });

  test('gives the Worker its bindings, before it runs', async (t) => {
    const file = await worker('vars.mjs', `
      import { env } from 'cloudflare:workers';
      const atFirst = { ...env };
      export default { fetch: (request, env) => Response.json([atFirst, env]) };`);
    const bindings = async (...args) => {
      const { url, child, ended } = run(t, file, '--port', '0', ...args);
      const answer = await (await fetch((await url()).replace('ws', 'http'))).json();
      child.kill('SIGTERM');
      await ended;
      assert.deepEqual(answer[0], answer[1]);
      return answer[0];
    };
    assert.deepEqual(await bindings(), {});
    await worker('.env', 'A=from .env\nB="of two\nlines"\n');
    assert.deepEqual(await bindings('--var', 'C=1=2'), { A: 'from .env', B: 'of two\nlines', C: '1=2' });
    await worker('.dev.vars', '# a comment\nA=from .dev.vars\n');
    assert.deepEqual(await bindings('--var', 'A=from the line', '--var', 'E='), { A: 'from the line', E: '' });
    await Promise.all(['.env', '.dev.vars'].map((name) => rm(path.join(folder, name))));
  });

  test('serves with TLS, pings, and limits messages', async (t) => {
    const { key, cert } = certificate();
    await worker('key.pem', key);
    await worker('cert.pem', cert);
    const file = await worker('limits.mjs', greeter('hello'));
    const { url } = run(t, file, '--port', '0', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem', '--ping', '50ms', '--max-message', '1k');
    const address = await url();
    assert.match(address, /^wss:/);
    const client = new Ws(address, { rejectUnauthorized: false });
    await once(client, 'ping');
    client.send('x'.repeat(1025));
    assert.equal((await watch(client).closed)[0], 1009);
  });

  test('runs a Worker that is a class', async (t) => {
    const file = await worker('class.mjs', `
      import { WorkerEntrypoint } from 'cloudflare:workers';
      export default class extends WorkerEntrypoint {
        fetch(request) {
          this.ctx.waitUntil(Promise.resolve());
          return new Response('env ' + JSON.stringify(this.env) + ' ' + new URL(request.url).pathname);
        }
      }`);
    const { url } = run(t, file, '--port', '0', '--var', 'A=1');
    assert.equal(await (await fetch((await url()).replace('ws', 'http'))).text(), 'env {"A":"1"} /');
  });

  test('runs the Durable Objects of a module that nothing is configured for', async (t) => {
    const file = await worker('room.mjs', `
      import { DurableObject } from 'cloudflare:workers';
      export class Room extends DurableObject {
        hello() { return 'hello from ' + this.ctx.id.name; }
      }
      export default { fetch: async (request, env, ctx) => new Response(await ctx.exports.Room.getByName('here').hello()) };`);
    const { url } = run(t, file, '--port', '0');
    assert.equal(await (await fetch((await url()).replace('ws', 'http'))).text(), 'hello from here');
  });

  test('says how to run TypeScript where Node does not', async (t) => {
    const { ended, told, url } = run(t, await worker('worker.ts', `${greeter('typed')}\nexport type A = string;`), '--port', '0');
    if (process.features.typescript) return assert.equal(await greeting(await url()), 'typed blob');
    assert.equal((await ended)[0], 1);
    assert.match(told.err, /does not run TypeScript: 22\.18 and later do\. Or compile the Worker first, as by "npx esbuild worker\.ts .*--outfile=worker\.mjs"/);
  });

  test('prints its version and its usage', async (t) => {
    const version = run(t, '--version');
    assert.equal((await version.ended)[0], 0);
    assert.match(version.told.out, /^\d+\.\d+\.\d+\n$/);
    const help = run(t, '--help');
    assert.equal((await help.ended)[0], 0);
    assert.match(help.told.out, /^usage: wspair WORKER/);
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

// The README, by somebody who has nothing else: a fresh folder, the package as it is installed, and each block run as it is written,
// but at a free port and at an address that is here. What a block leaves to its reader stands in `reader`.
//
//   NODES=/path/to/node:/path/to/another node --test readme.test.mjs
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const blocks = [...readFileSync(path.join(here, '../README.md'), 'utf8').matchAll(/^```\w+\n([^]*?)^```$/gm)].map(([, text]) => text);
const left = new Set(blocks);

/** The one that has these words. */
function block(words) {
  const [found, ...others] = blocks.filter((text) => text.includes(words));
  assert.ok(found !== undefined && others.length === 0, `there is one block with ${words}`);
  left.delete(found);
  return found;
}

/** What a reader has before and behind a block, and what all of it prints. `edit`: what cannot be here as it is there. */
const programs = [
  {
    name: 'in a program',
    words: "origins: ['https://example.org']",
    edit: (text) => text.replace('await serving.close', "console.log(await talk('ws://127.0.0.1:PORT/'));\nawait serving.close"),
    reader: [talking(), ''],
    prints: 'http://127.0.0.1:PORT/ 0\nyou said hello\n',
  },
  {
    name: 'beside another server',
    words: 'for (const socket of sockets) console.log',
    edit: (text) => text.replace('await sockets.close', "console.log(await talk('ws://127.0.0.1:PORT/'));\nawait sockets.close"),
    reader: [`import http from 'node:http';\n${talking()}const server = http.createServer().listen(PORT, '127.0.0.1');`, 'server.close();'],
    prints: 'you said hello\n',
  },
  {
    name: 'beside node:http2',
    words: 'http2.createSecureServer',
    reader: [
      `import http2 from 'node:http2';\nimport 'wspair/register';\nimport { upgrader } from 'wspair';\nimport worker from './worker.mjs';\n${talking()}${certificate()}const sockets = upgrader(worker);`,
      `server.listen(PORT, '127.0.0.1', async () => {
        for (const http2 of [true, false]) console.log(await talk('wss://127.0.0.1:PORT/', { http2, tls: { ca: cert } }));
        process.exit();
      });`,
    ],
    prints: 'you said hello\nyou said hello\n',
  },
  {
    name: 'what is told on channels',
    words: "subscribe('wspair.closed'",
    reader: [
      `import 'wspair/register';\nimport { serve } from 'wspair';\nimport worker from './worker.mjs';\n${talking()}const serving = await serve(worker, { port: PORT });`,
      "await talk('ws://127.0.0.1:PORT/');\nawait serving.close();",
    ],
    prints: '/ 1005  127.0.0.1\n',
  },
  {
    name: 'one message for many',
    words: 'broadcast(serving.sockets, news)',
    reader: [
      `import 'wspair/register';\nimport { serve } from 'wspair';\nimport worker from './worker.mjs';\n${talking()}const serving = await serve(worker, { port: PORT });
      const heard = [1, 2].map(() => listen('ws://127.0.0.1:PORT/'));
      while (serving.sockets.size < 2) await new Promise(setImmediate);`,
      'console.log(await Promise.all(heard));\nawait serving.close();',
    ],
    prints: "[ 'the same for all', 'the same for all' ]\n",
  },
  {
    name: 'its classes',
    words: "import { fetch, Response, WebSocket, WebSocketPair } from 'wspair';",
    edit: (text) => text.replace('https://example.org/chat', 'http://127.0.0.1:PORT/').replace('wss://example.org/chat', 'wss://127.0.0.1:SECOND/'),
    reader: [
      `import { serve } from 'wspair';\n${certificate()}const ca = cert;\nconst { signal } = new AbortController();
      const worker = {
        fetch(request) {
          const pair = new WebSocketPair();
          pair[1].accept();
          const headers = request.headers.has('sec-websocket-protocol') ? { 'sec-websocket-protocol': 'chat.v2' } : {};
          return new Response(null, { status: 101, webSocket: pair[0], headers });
        },
      };
      const servings = [await serve(worker, { port: PORT }), await serve(worker, { port: SECOND, tls: { key, cert } })];`,
      `socket.onopen = async () => {
        console.log(client.readyState, response.status, socket.protocol);
        for (const serving of servings) await serving.close({ deadline: 100 });
        process.exit();
      };`,
    ],
    prints: '1 101 chat.v2\n',
  },
  { name: 'another date', words: 'forCompatibilityDate(', reader: ['', 'console.log(Object.values(new WebSocketPair())[0].binaryType);'], prints: 'arraybuffer\n' },
  {
    name: 'Durable Objects in a program',
    folder: 'objects',
    words: 'await serving.durable.evict()',
    reader: [talking(), "console.log(await talk('ws://127.0.0.1:8787/x'));\nawait serving.close();"],
    options: ['--import', 'wspair/register'],
    edit: (text, { major }) => (major < 22 ? text.replace("'./state'", "'memory'") : text).replace("state: '", "port: PORT, state: '"),
    prints: '1: hello\n',
  },
  {
    name: 'any stream',
    words: 'new ServerHandshake()',
    reader: ['', `import { WebSocket } from 'wspair';
      const socket = new WebSocket('ws://127.0.0.1:PORT/');
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }) => (console.log(data), process.exit());`],
    prints: 'HELLO\n',
  },
];

/** Clients of a reader's own. */
function talking() {
  return `import { WebSocket as Client } from 'wspair';
    const open = (url, options) => new Promise((resolve, reject) => {
      const client = new Client(url, [], options);
      client.onopen = () => resolve(client);
      client.onerror = ({ message }) => reject(new Error(message));
    });
    const next = (client) => new Promise((resolve) => client.addEventListener('message', ({ data }) => (resolve(data), client.close())));
    const listen = async (url) => next(await open(url));
    const talk = async (url, options) => {
      const client = await open(url, options);
      client.send('hello');
      return next(client);
    };\n`;
}

function certificate() {
  return "import { readFileSync } from 'node:fs';\nconst [key, cert] = ['key.pem', 'cert.pem'].map((file) => readFileSync(file));\n";
}

for (const node of (process.env.NODES ?? process.execPath).split(':')) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const major = Number(/^v(\d+)/.exec(version)[1]);
  const env = { ...process.env, PATH: `${path.dirname(node)}:${process.env.PATH}`, NODE_TEST_CONTEXT: '', NODE_NO_WARNINGS: '1', NO_COLOR: '1', CI: '1' };

  describe(`on Node ${version}`, () => {
    let folder;
    before(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'wspair-readme-'));
      write('package.json', '{ "private": true, "type": "commonjs" }');
      install(folder);
      write('worker.mjs', block('you said ${event.data}'));
      write('objects/worker.mjs', block('export class Room extends DurableObject'));
      const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync('openssl', request, { cwd: folder, stdio: 'pipe' });
    });
    after(() => rmSync(folder, { recursive: true }));

    function write(name, text) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }

    /** What a command says, and its end. */
    function start(t, command, args, within = '.') {
      const child = spawn(command, args, { cwd: path.join(folder, within), env, detached: true });
      t.after(() => {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // it has ended
        }
      });
      let told = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (told += text));
      return { told: () => told, ended: once(child, 'close').then(([code]) => code) };
    }

    test('the command, and a client', async (t) => {
      const port = await freePort();
      const [, command, listening] = /^\$ (.*)\n(.*\n)$/.exec(block('npx wspair worker.mjs'));
      const server = start(t, 'sh', ['-c', `exec ${command} --port ${port}`]);
      await until(() => server.told().includes(listening.replace('8787', port)), server.told);
      const [, client, answer] = /^\$ (node -e "[^"]*")\n(.*\n)$/.exec(block('socket.onopen'));
      if (major < 22) return;
      const { told, ended } = start(t, 'sh', ['-c', client.replace('8787', port)]);
      assert.equal(await ended, 0, told());
      assert.equal(told(), answer);
    });

    test('the command, with Durable Objects', async (t) => {
      const port = await freePort();
      const server = start(t, 'sh', ['-c', `exec npx wspair objects/worker.mjs --port ${port}`]);
      await until(() => server.told().includes('listening'), server.told);
    });

    for (const { name, folder: within = '.', words, edit = (text) => text, reader: [first, then], options = [], prints } of programs) {
      test(name, async (t) => {
        const [port, second] = [await freePort(), await freePort()];
        const at = (text) => text.replaceAll(/8787|PORT/g, port).replaceAll('SECOND', second);
        write(path.join(within, 'program.mjs'), at(`${first}\n${edit(block(words), { major })}\n${then}\n`));
        const { told, ended } = start(t, node, [...options, 'program.mjs'], within);
        assert.equal(await ended, 0, told());
        assert.equal(told(), at(prints));
      });
    }

    test('in tests', async (t) => {
      const [, vitest, jest] = /^(\/\/ vitest\.config\.mjs[^]*)(\/\/ jest\.config\.js[^]*)$/.exec(block('moduleNameMapper'));
      write('vitest.config.mjs', vitest);
      write('jest.config.js', jest);
      write('it.test.mjs', block("import { expect, test } from 'vitest'"));
      symlinkSync(path.join(here, 'node_modules/vitest'), path.join(folder, 'node_modules/vitest'));
      const { told, ended } = start(t, node, ['node_modules/vitest/vitest.mjs', 'run']);
      assert.equal(await ended, 0, told());
      assert.match(told(), /Tests +1 passed/);
      execFileSync(node, ['-e', 'require("./jest.config.js")'], { cwd: folder });
    });
  });
}

test('no block is left out', () => assert.deepEqual([...left], []));

async function until(found, told) {
  for (const end = Date.now() + 60_000; !found(); await new Promise((resolve) => setTimeout(resolve, 20))) {
    assert.ok(Date.now() < end, told());
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return String(port);
}

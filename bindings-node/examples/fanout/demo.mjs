// Starts Redis and two servers of the room, and has a client of each talk to the other.
//
//     node examples/fanout/demo.mjs
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'wspair';

if (spawnSync('redis-server', ['--version']).error) {
  console.error('there is no redis-server: Debian has it by that name');
  process.exit(1);
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'fanout-'));
const REDIS = path.join(folder, 'redis');
const started = [];
const start = (command, args, env = {}) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  started.push(child);
  return child;
};

try {
  start('redis-server', ['--port', '0', '--unixsocket', REDIS, '--save', '', '--dir', folder]).stdout.resume();
  await until(() => existsSync(REDIS));

  const addresses = [];
  for (let i = 0; i < 2; i++) {
    const server = start(process.execPath, [fileURLToPath(new URL('server.mjs', import.meta.url))], { REDIS, PORT: '0' });
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
    addresses.push(/http(\S+)/.exec(line)[1]);
    console.log(`server ${i + 1}: ${line.trim()}`);
  }

  const ada = await client('ada', addresses[0]);
  const bob = await client('bob', addresses[1]);
  for (const [who, text] of [[ada, 'hello from the first server'], [bob, 'hello from the second']]) {
    who.send(text);
    await Promise.all([ada, bob].map(({ hears }) => hears(text)));
  }
  for (const { close } of [ada, bob]) await close();
} finally {
  for (const child of started.reverse()) {
    if (child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}

async function client(name, address) {
  const socket = new WebSocket(`ws${address}?name=${name}`);
  const heard = [];
  socket.addEventListener('message', ({ data }) => {
    heard.push(data);
    console.log(`${name} hears "${data}"`);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', ({ error, message }) => reject(error ?? new Error(message)));
  });
  return {
    send: (text) => socket.send(text),
    hears: (text) => until(() => heard.some((line) => line.endsWith(text))),
    async close() {
      socket.close(1000);
      await new Promise((resolve) => socket.addEventListener('close', resolve));
    },
  };
}

async function until(condition, ms = 10_000) {
  for (const end = Date.now() + ms; !condition(); await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (Date.now() > end) throw new Error('that should have happened by now');
  }
}

// Durable Objects beside workerd, in one run: both on disk, the clients in this process. Each line is
// the median of interleaved rounds, in messages a second, and how many times workerd's rate it is.
//
//   node bench/durable.mjs [case]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Ws from 'ws';

const here = path.dirname(fileURLToPath(import.meta.url));
const only = process.argv[2] ?? '';
const ROUNDS = 5;

async function startOurs() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-'));
  const child = spawn(process.execPath, [path.join(here, 'durable-server.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { value: url } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { url, child, folder };
}

async function startWorkerd() {
  const binary = process.env.WORKERD ?? createRequire(import.meta.url).resolve('@cloudflare/workerd-linux-64/bin/workerd');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-'));
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await copyFile(path.join(here, 'durable-worker.mjs'), path.join(folder, 'worker.mjs'));
  await writeFile(
    path.join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-11-17",
      bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
      durableObjectNamespaces = [(className = "Room", uniqueKey = "room", enableSql = true)],
      durableObjectStorage = (localDisk = "disk"),
    )),
    (name = "disk", disk = (path = "${folder}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
  );
  const child = spawn(binary, ['serve', '--experimental', 'config.capnp'], { cwd: folder, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; !(await fetch(url).then((answer) => answer.ok, () => false)); tries++) {
    if (tries === 100) throw new Error('workerd does not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url, child, folder };
}

/** Sockets to as many objects. */
async function connect({ url }, name, count) {
  const sockets = [];
  for (let i = 0; i < count; i++) {
    const socket = new Ws(`${url.replace('http', 'ws')}${name}-${i}`, { perMessageDeflate: false });
    sockets.push(socket);
    if (sockets.length % 50 === 0) await Promise.all(sockets.map((each) => each.readyState === 1 || once(each, 'open')));
  }
  await Promise.all(sockets.map((each) => each.readyState === 1 || once(each, 'open')));
  return sockets;
}

/** Each socket has `inFlight` messages on the way until it had `each` answers. Gives messages a second. */
async function rate(sockets, message, each, inFlight) {
  const began = performance.now();
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) => {
          let sent = 0;
          let got = 0;
          const send = () => sent < each && socket.send(`${message} ${sent++}`);
          socket.removeAllListeners('message');
          socket.on('message', () => (++got === each ? resolve() : send()));
          for (let i = 0; i < inFlight; i++) send();
        }),
    ),
  );
  return (sockets.length * each * 1000) / (performance.now() - began);
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const line = (name, ours, theirs) => console.log(`${name.padEnd(44)} ${Math.round(ours).toString().padStart(8)} ${Math.round(theirs).toString().padStart(8)}  ${(ours / theirs).toFixed(2)}`);

const both = [await startOurs(), await startWorkerd()];
try {
  console.log(`${'messages a second'.padEnd(44)} ${'wspair'.padStart(8)} ${'workerd'.padStart(8)}  ratio`);
  const compare = async (name, objects, message, each, inFlight) => {
    if (!name.includes(only)) return;
    const sockets = await Promise.all(both.map((server) => connect(server, name.replaceAll(/\W/g, '-'), objects)));
    const rates = [[], []];
    for (let round = -1; round < ROUNDS; round++) {
      for (const i of [0, 1]) {
        const now = await rate(sockets[i], message, each, inFlight);
        if (round >= 0) rates[i].push(now);
      }
    }
    line(name, ...rates.map(median));
    for (const socket of sockets.flat()) socket.terminate();
  };
  await compare('echo, one object, 64 on the way', 1, 'echo', 5000, 64);
  await compare('echo, one object, one by one', 1, 'echo', 1000, 1);
  await compare('echo, 1,000 objects', 1000, 'echo', 10, 1);
  await compare('get and answer, one object', 1, 'get', 1000, 1);
  await compare('put and answer, one object', 1, 'put', 100, 1);
  await compare('put and answer, one object, 64 on the way', 1, 'put', 300, 64);
  await compare('put and answer, 100 objects', 100, 'put', 3, 1);
  await compare('insert and answer, one object', 1, 'sql', 100, 1);
  if ('wake from sleep'.includes(only)) {
    const sockets = await Promise.all(both.map((server) => connect(server, 'sleeping', 500)));
    await Promise.all(sockets.map((each) => rate(each, 'echo', 1, 1)));
    // Both sleep after ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 13_000));
    const rates = [];
    for (const each of sockets) rates.push(await rate(each, 'echo', 1, 1));
    line('wake from sleep, 500 objects at once', ...rates);
    for (const socket of sockets.flat()) socket.terminate();
  }
} finally {
  for (const { child, folder } of both) {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

// Runs round trips in the real runtime: starts it, and asks by HTTP, which is part of the time.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';

const worker = `
import { rounds } from './pair-rounds.mjs';
export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    await rounds(WebSocketPair, Number(searchParams.get('count')), Number(searchParams.get('inFlight')));
    return new Response('done');
  },
};`;
const config = (port) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "worker.mjs", esModule = embed "worker.mjs"),
      (name = "pair-rounds.mjs", esModule = embed "pair-rounds.mjs"),
    ],
    compatibilityDate = "2026-11-17",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`;

export async function startWorkerd() {
  const require = createRequire(import.meta.url);
  const binary = require.resolve(`@cloudflare/workerd-linux-64/bin/workerd`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'workerd-'));
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await writeFile(path.join(folder, 'worker.mjs'), worker);
  await cp(new URL('pair-rounds.mjs', import.meta.url), path.join(folder, 'pair-rounds.mjs'));
  await writeFile(path.join(folder, 'config.capnp'), config(port));
  const child = spawn(binary, ['serve', 'config.capnp'], { cwd: folder, stdio: 'ignore' });
  const ask = (count, inFlight) => fetch(`http://127.0.0.1:${port}/?count=${count}&inFlight=${inFlight}`).then((answer) => answer.text());
  for (let tries = 0; ; tries++) {
    try {
      await ask(1, 1);
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    ask,
    async stop() {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// What HTTP/2 costs: an echo of 1 and of 40 sockets, over one session beside as many connections of HTTP/1.1, both with TLS.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from '../../../bindings-node/dist/index.mjs';

const seconds = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(path.join(os.tmpdir(), 'cost-'));
const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert], { stdio: 'pipe' });

const host = spawn(process.execPath, [new URL('node.mjs', import.meta.url).pathname, '--cert', cert, '--key', key], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(createInterface(host.stdout), 'line');
const url = line.split(' ').at(-1);
const tls = { rejectUnauthorized: false };

async function measure(sockets, size, options) {
  const message = 'x'.repeat(size);
  const all = await Promise.all(Array.from({ length: sockets }, async () => {
    const socket = new WebSocket(url, [], { tls, deflate: false, ...options });
    await once(socket, 'open');
    return socket;
  }));
  let count = 0;
  let goesOn = true;
  for (const socket of all) {
    socket.addEventListener('message', ({ data }) => {
      count++;
      if (goesOn) socket.send(data);
    });
    socket.send(message);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [before, began] = [count, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const rate = ((count - before) / (performance.now() - began)) * 1_000;
  goesOn = false;
  await Promise.all(all.map((socket) => (socket.close(1000, ''), once(socket, 'close'))));
  return rate;
}

console.log('echoes a second, client and server on Node, TLS on loopback');
console.log('sockets  bytes   HTTP/1.1     HTTP/2   of it');
for (const size of [16, 16_384]) {
  for (const sockets of [1, 40]) {
    const before = await measure(sockets, size, {});
    const session = http2.connect(url.replace('ws', 'http'), tls);
    const after = await measure(sockets, size, { http2: session });
    session.close();
    const cells = [sockets, size, Math.round(before), Math.round(after), `${Math.round((100 * after) / before)} %`];
    console.log(cells.map((cell, i) => String(cell).padStart([7, 6, 10, 10, 7][i])).join(' '));
  }
}
host.kill('SIGTERM');
rmSync(folder, { recursive: true });

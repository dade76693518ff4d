// What the tests of the network share.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serve } from 'wspair';

/** Serves a Worker until the test ends. */
export async function serving(t, worker, options = {}) {
  const fetch = typeof worker === 'function' ? worker : worker.fetch;
  const served = await serve({ fetch }, { port: 0, ...options });
  t.after(() => served.close({ deadline: 50 }));
  return { ...served, ws: served.url.replace('http', 'ws') };
}

/** A handler that hands the kept end to `use`. */
export const withEnd = ({ WebSocketPair, Response }, use, init = {}) => (request) => {
  const [client, server] = Object.values(new WebSocketPair());
  server.binaryType = 'arraybuffer';
  use(server, request);
  return new Response(null, { status: 101, webSocket: client, ...init });
};

/** What happens at a socket of the web's shape, as a list, and a promise of its close. */
export function watch(socket) {
  const seen = [];
  socket.binaryType = 'arraybuffer';
  for (const type of ['open', 'message', 'error']) {
    socket.addEventListener(type, (event) => seen.push(type === 'message' ? event.data : type));
  }
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => resolve([code, String(reason), wasClean]));
  });
  const next = async () => {
    const { length } = seen;
    await until(() => seen.length > length);
    return seen.at(-1);
  };
  return { seen, closed, next };
}

export const opened = (socket) => once(socket, 'open');

export async function until(condition, ms = 5_000) {
  for (const end = Date.now() + ms; !condition(); ) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A key and a certificate for localhost, made now. */
export function certificate() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cert-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

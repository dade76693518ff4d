// A page in headless Chromium talks to a Worker. Skipped, loudly, where there is none.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import * as wspair from 'wspair';
import { serving, until, withEnd } from './helpers.mjs';

const browser = ['chromium', 'chromium-headless-shell', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
if (browser === undefined) console.error('SKIPPED: there is no Chromium, so NO BROWSER WAS TESTED (Debian has it as chromium)');

const page = `<!doctype html><script>
  const socket = new WebSocket(location.origin.replace('http', 'ws'));
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => socket.send('from the page');
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') socket.send(new Uint8Array([1, 2, 3]));
    else socket.close(3123, 'seen ' + data.byteLength);
  };
</script>`;

test('Chromium talks to a Worker and closes with a code', { skip: browser === undefined, timeout: 60_000 }, async (t) => {
  const seen = [];
  const talk = withEnd(wspair, (end) => {
    end.accept();
    end.addEventListener('message', ({ data }) => {
      seen.push(typeof data === 'string' ? data : [...new Uint8Array(data)]);
      end.send(data);
    });
    end.addEventListener('close', ({ code, reason, wasClean }) => seen.push([code, reason, wasClean]));
  });
  const { url } = await serving(t, (request) =>
    request.headers.get('upgrade') === 'websocket' ? talk(request) : new Response(page, { headers: { 'content-type': 'text/html' } }),
  );
  const profile = mkdtempSync(path.join(os.tmpdir(), 'chromium-'));
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
  const child = spawn(browser, [...options, url], { stdio: 'ignore' });
  await until(() => seen.length === 3, 40_000).finally(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  assert.deepEqual(seen, ['from the page', [1, 2, 3], [3123, 'seen 3', true]]);
});

// A page in headless Chromium talks to a Worker. Skipped, loudly, where there is none.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ws from 'ws';
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

const library = createRequire(import.meta.url)('../dist/durable/storage/libraries.js').library();

test('Chromium shows the list of examples/todo after a restart of its server', { skip: browser === undefined, timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'todo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  // Without an SQLite nothing survives a restart: then it is only looked at.
  const state = library === undefined ? 'memory' : path.join(folder, 'state');
  const start = async () => {
    const root = fileURLToPath(new URL('..', import.meta.url));
    const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), '--config', path.join(root, 'examples/todo/wrangler.jsonc'), '--port', '0', '--state', state], { stdio: ['ignore', 'pipe', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    return { child, url: /http\S+/.exec(line)[0] };
  };
  let served = await start();
  const client = new Ws(served.url.replace('http', 'ws'));
  const lists = [];
  client.on('message', (data) => lists.push(JSON.parse(data).items));
  await once(client, 'open');
  for (const change of [{ text: 'Water the plants' }, { text: 'Answer Ada' }]) client.send(JSON.stringify(change));
  await until(() => lists.at(-1)?.length === 2);
  client.send(JSON.stringify({ id: lists.at(-1)[1].id, done: true }));
  await until(() => lists.at(-1)[1].done);
  if (state !== 'memory') {
    served.child.kill('SIGKILL');
    await once(served.child, 'close');
    served = await start();
  }
  const page = await opened(t, served.url, path.join(folder, 'profile'));
  let dom = '';
  for (const end = Date.now() + 40_000; !dom.includes('1 left') && Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    dom = (await page('Runtime.evaluate', { expression: 'document.querySelector("main")?.outerHTML ?? ""' })).result.value ?? '';
  }
  if (process.env.SCREENSHOT) writeFileSync(process.env.SCREENSHOT, Buffer.from((await page('Page.captureScreenshot')).data, 'base64'));
  assert.match(dom, /<small>1 left<\/small>/);
  assert.match(dom, /<li class=""><input type="checkbox"[^>]*><span>Water the plants<\/span>/);
  assert.match(dom, /<li class="done"><input type="checkbox"[^>]*><span>Answer Ada<\/span>/);
});

/** Opens a page, and gives what calls its DevTools. */
async function opened(t, url, profile) {
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--window-size=700,420', `--user-data-dir=${profile}`, '--remote-debugging-port=0'];
  const child = spawn(browser, [...options, url], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
  await until(() => /DevTools listening on ws:\/\/\S+/.test(told), 40_000);
  const list = `http://${/ws:\/\/([^/]+)/.exec(told)[1]}/json/list`;
  let target;
  while ((target = (await (await fetch(list)).json()).find(({ type }) => type === 'page')) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
  const devtools = new Ws(target.webSocketDebuggerUrl);
  await once(devtools, 'open');
  let calls = 0;
  return async (method, params = {}) => {
    const id = ++calls;
    devtools.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = await once(devtools, 'message');
      const answer = JSON.parse(data);
      if (answer.id === id) return answer.result;
    }
  };
}

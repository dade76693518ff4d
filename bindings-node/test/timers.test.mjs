// Fake timers, as tests of Workers use them, hold up neither events nor connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, mock, test } from 'node:test';
import { serve, WebSocket, WebSocketPair } from 'wspair';
import * as wspair from 'wspair';
import { withEnd } from './helpers.mjs';

afterEach(() => mock.reset());

function accepted() {
  const ends = Object.values(new WebSocketPair());
  for (const end of ends) end.accept();
  return ends;
}

async function talks() {
  const [a, b] = accepted();
  b.addEventListener('message', ({ data }) => b.send(`re ${data}`));
  a.send('hello');
  assert.equal((await once(a, 'message'))[0].data, 're hello');
  a.close(1000, 'bye');
  assert.equal((await once(b, 'close'))[0].reason, 'bye');
}

async function connects() {
  const serving = await serve({ fetch: withEnd(wspair, (end) => (end.accept(), end.addEventListener('message', ({ data }) => end.send(data)))) }, { port: 0 });
  const socket = new WebSocket(serving.url.replace('http', 'ws'));
  await once(socket, 'open');
  socket.send('hello');
  assert.equal((await once(socket, 'message'))[0].data, 'hello');
  await Promise.all([once(socket, 'close'), serving.close({ deadline: 5_000 })]);
}

test('those of node:test', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
  await talks();
  await connects();
});

test('any that take the place of the globals', async () => {
  const names = ['setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask'];
  for (const name of names) mock.method(globalThis, name, () => ({ unref() {} }));
  mock.method(process, 'nextTick', process.nextTick);
  mock.method(performance, 'now', () => 0);
  await talks();
  await connects();
  for (const name of names) assert.equal(globalThis[name].mock.calls.filter(({ stack }) => stack.stack.includes('/dist/')).length, 0, name);
});

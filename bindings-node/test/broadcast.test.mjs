// One message for many connections, and a program's own messages beside a Worker's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as wspair from 'wspair';
import Ws from 'ws';
import { dialRaw, opened, serving, until, upgradeHead, watch, withEnd } from './helpers.mjs';

const { broadcast, Connection, Prepared } = wspair;

const agreed = (more) => ({
  deflate: { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: 15, clientMaxWindowBits: 15, ...more },
});

test('a prepared message arrives as what it was made of, whatever was agreed on', () => {
  for (const data of ['', 'grüße, 世界 '.repeat(40), Buffer.alloc(70_000, 7), new Uint16Array([1, 2]), new ArrayBuffer(3)]) {
    const message = new Prepared(data);
    for (const agreement of [{}, agreed(), agreed(), agreed({ serverMaxWindowBits: 9 }), agreed({ serverNoContextTakeover: true })]) {
      for (const compress of [undefined, true, false]) {
        const [client, server] = [new Connection('client', {}, agreement), new Connection('server', {}, agreement)];
        server.sendText('before');
        server.sendPrepared(message, compress);
        server.sendText('behind');
        const [, event] = client.receive(server.flush());
        if (typeof data === 'string') assert.deepEqual(event, { type: 'text', data });
        else assert.deepEqual([event.type, Buffer.from(event.data)], ['binary', Buffer.from(ArrayBuffer.isView(data) ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : data)]);
        client.sendPrepared(message, compress);
        assert.equal(server.receive(client.flush())[0].type, typeof data === 'string' ? 'text' : 'binary');
      }
    }
  }
});

test('bytes that change later do not change a prepared message', () => {
  const [client, server] = [new Connection('client'), new Connection('server')];
  const data = Buffer.from('abc');
  const message = new Prepared(data);
  data.fill(0);
  server.sendPrepared(message);
  assert.equal(String(client.receive(server.flush())[0].data), 'abc');
});

test('what is no message is refused', () => {
  assert.throws(() => new Prepared(3), { name: 'TypeError', message: /Prepared/ });
  assert.throws(() => new Prepared(), TypeError);
  assert.throws(() => new Connection('server').sendPrepared('text'), { name: 'TypeError', message: /sendPrepared/ });
  assert.throws(() => broadcast([], {}), TypeError);
});

test('a broadcast reaches every client, behind what the Worker sent each', async (t) => {
  const { ws, sockets } = await serving(t, withEnd(wspair, (end) => {
    end.accept();
    end.addEventListener('message', ({ data }) => {
      end.send(`answer to ${data}`);
      assert.deepEqual(broadcast(sockets, `news of ${data}`), []);
      end.send('and more');
    });
  }));
  const clients = [new Ws(ws), new Ws(ws, { perMessageDeflate: false }), new wspair.WebSocket(ws)];
  await Promise.all(clients.map((client) => (client.on ? opened(client) : new Promise((open) => client.addEventListener('open', open)))));
  const seen = clients.map((client) => watch(client).seen);
  await until(() => sockets.size === 3);
  clients[0].send('ada');
  await until(() => seen.every((messages) => messages.includes('news of ada')) && seen[0].includes('and more'));
  assert.deepEqual(seen[0], ['answer to ada', 'news of ada', 'and more']);
  assert.deepEqual(seen[1], ['news of ada']);
  assert.deepEqual(seen[2].filter((what) => what !== 'open'), ['news of ada']);
});

test('a broadcast passes by who is closing, and names who does not read', async (t) => {
  const { port, sockets } = await serving(t, withEnd(wspair, (end) => end.accept()), { limits: { maxOutgoing: 1 << 16 }, deflate: false });
  const raw = await dialRaw(port);
  raw.write(upgradeHead());
  await until(() => sockets.size === 1);
  raw.socket.pause();
  const [socket] = sockets;
  const message = new Prepared(Buffer.alloc(1 << 15));
  let full = [];
  for (let i = 0; i < 1_000 && full.length === 0; i++) {
    full = broadcast(sockets, message);
    await new Promise(setImmediate);
  }
  assert.deepEqual(full, [socket]);
  assert.throws(() => socket.send('x'.repeat(1 << 16)), { name: 'SendError', code: 'BACKPRESSURE' });
  socket.terminate();
  await until(() => sockets.size === 0);
  assert.deepEqual(broadcast([socket], message), []);
  assert.throws(() => socket.send('late'), { name: 'SendError', code: 'CLOSING' });
});

// The package's clients against servers that nobody here wrote, and Node's own client against ours.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import * as wspair from 'wspair';
import { opened, serving, until, watch, withEnd } from './helpers.mjs';

async function wsServer(t, options = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

describe('new WebSocket and a ws server', () => {
  test('exchange messages, compressed or not', async (t) => {
    for (const perMessageDeflate of [false, true]) {
      const { server, url } = await wsServer(t, { perMessageDeflate });
      server.on('connection', (peer) => peer.on('message', (data, binary) => peer.send(data, { binary })));
      const client = new wspair.WebSocket(url);
      const { next, closed } = watch(client);
      await opened(client);
      assert.equal(Boolean(client.extensions), perMessageDeflate);
      for (const text of ['', 'short', '漢'.repeat(70_000), 'x'.repeat(200_000)]) {
        client.send(text);
        assert.equal(await next(), text);
      }
      client.send(new Uint8Array(100_000).fill(7));
      assert.deepEqual(new Uint8Array(await next()), new Uint8Array(100_000).fill(7));
      client.close(3000, 'bye');
      assert.deepEqual(await closed, [3000, 'bye', true]);
    }
  });

  test('the subprotocol is the server\'s choice', async (t) => {
    const { url } = await wsServer(t, { handleProtocols: () => 'two' });
    const client = new wspair.WebSocket(url, ['one', 'two']);
    await opened(client);
    assert.equal(client.protocol, 'two');
    client.close();
  });

  test('a server that drops is a 1006', async (t) => {
    const { server, url } = await wsServer(t);
    server.on('connection', (peer) => peer.terminate());
    const [code, , clean] = await watch(new wspair.WebSocket(url)).closed;
    assert.deepEqual([code, clean], [1006, false]);
  });

  test('headers, the timeout and the signal', async (t) => {
    const { server, url } = await wsServer(t);
    const connection = once(server, 'connection');
    const client = new wspair.WebSocket(url, [], { headers: { authorization: 'secret' } });
    assert.equal((await connection)[1].headers.authorization, 'secret');
    client.close();

    const deaf = net.createServer(() => {}).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    t.after(() => deaf.close());
    const address = `ws://127.0.0.1:${deaf.address().port}/`;
    const refused = [1006, 'Failed to establish websocket connection', false];
    const late = new wspair.WebSocket(address, [], { connectTimeout: 50 });
    assert.deepEqual(await watch(late).closed, refused);
    const given = new AbortController();
    const aborted = new wspair.WebSocket(address, [], { signal: given.signal });
    const { seen, closed } = watch(aborted);
    setTimeout(() => given.abort(), 20);
    assert.deepEqual(await closed, refused);
    assert.deepEqual(seen, ['error']);
    assert.equal(aborted.readyState, 3);
  });

  test('nobody listens', async () => {
    const client = new wspair.WebSocket('ws://127.0.0.1:1/');
    const error = once(client, 'error');
    const { closed } = watch(client);
    assert.equal((await error)[0].message, 'Uncaught Error: Network connection lost.');
    assert.equal((await closed)[0], 1006);
  });
});

describe('fetch and a ws server', () => {
  test('gives an end that is not accepted', async (t) => {
    const { server, url } = await wsServer(t);
    server.on('connection', (peer, { headers }) => peer.send(headers['x-asked']));
    const response = await wspair.fetch(url.replace('ws', 'http'), { headers: { Upgrade: 'websocket', 'X-Asked': 'yes' } });
    assert.deepEqual([response.status, response.webSocket.readyState], [101, 1]);
    const end = response.webSocket;
    const { next, closed } = watch(end);
    end.accept();
    assert.equal(await next(), 'yes');
    end.close();
    assert.deepEqual(await closed, [1005, '', true]);
  });

  test('other answers are ordinary responses', async (t) => {
    const { url } = await serving(t, () => new Response('no', { status: 403, headers: { 'x-why': 'because' } }));
    const refused = await wspair.fetch(url, { headers: { upgrade: 'websocket' } });
    assert.deepEqual([refused.status, refused.webSocket, refused.headers.get('x-why')], [403, null, 'because']);
    assert.equal(await refused.text(), 'no');
    const plain = await wspair.fetch(url);
    assert.deepEqual([plain.status, plain.webSocket], [403, null]);
    await assert.rejects(wspair.fetch('ws://host/'), new TypeError('Fetch API cannot load: ws://host/'));
    await assert.rejects(wspair.fetch('http://127.0.0.1:1/', { headers: { upgrade: 'websocket' } }), /Network connection lost/);
  });
});

test('Node\'s own WebSocket talks to a Worker', async (t) => {
  const echo = withEnd(wspair, (end) => {
    end.accept();
    end.addEventListener('message', (event) => end.send(event.data));
  });
  const { ws } = await serving(t, echo);
  const script = `
    const socket = new WebSocket(${JSON.stringify(ws)});
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => (socket.send('text 漢'), socket.send(new Uint8Array(70000)));
    socket.onmessage = ({ data }) => {
      console.log(data.byteLength ?? data);
      if (data.byteLength) socket.close(3002, 'done');
    };
    socket.onclose = ({ code, reason, wasClean }) => console.log(code, reason, wasClean);`;
  const child = spawn(process.execPath, ['--no-warnings', '--experimental-websocket', '-e', script]);
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  await once(child, 'close');
  assert.equal(out, 'text 漢\n70000\n3002 done true\n');
});

describe('a server that does not open the connection', () => {
  const accept = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const yes = (key, { line = 'HTTP/1.1 101 Switching Protocols', upgrade = 'Upgrade: websocket\r\n', more = '' } = {}) =>
    `${line}\r\n${upgrade}Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept(key)}\r\n${more}\r\n`;
  const cases = {
    'says 200': [() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno', /received 200 instead/],
    'says 302': [() => 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n', /received 302 instead/],
    'talks nonsense': [() => 'SSH-2.0-OpenSSH_9.2\r\n', /Parse Error/],
    'upgrades by HTTP/1.0': [(key) => yes(key, { line: 'HTTP/1.0 101 Switching Protocols' }), /HTTP\/1.0/],
    'upgrades by HTTP/2.0': [(key) => yes(key, { line: 'HTTP/2.0 101 Switching Protocols' }), /HTTP/],
    'has the wrong accept value': [() => yes('another'), /Sec-WebSocket-Accept/],
    'upgrades to nothing': [(key) => yes(key, { upgrade: '' }), /Upgrade/],
    'upgrades to something else': [(key) => yes(key, { upgrade: 'Upgrade: h2c\r\n' }), /Upgrade/],
    'chose an extension that nobody offered': [(key) => yes(key, { more: 'Sec-WebSocket-Extensions: x-mine\r\n' }), /extension/],
    'chose a subprotocol that nobody offered': [(key) => yes(key, { more: 'Sec-WebSocket-Protocol: mine\r\n' }), /subprotocol/],
    'has fields without end': [(key) => yes(key, { more: `X: ${'x'.repeat(20 << 10)}\r\n` }), /overflow/i],
    'says 103 without end': [() => 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(3_000), /interim/],
    'says 100 without end': [() => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3_000), /interim/],
    'ends at once': [() => null, /hang up|ECONNRESET/],
    'says nothing': [() => '', /within 300 ms/],
    'says half a head': [(key) => yes(key).slice(0, 60), /within 300 ms/],
  };

  for (const [name, [answer, cause]] of Object.entries(cases)) {
    test(`as it ${name}: one error that says why, and nothing is left`, async (t) => {
      let open = 0;
      const server = net.createServer((socket) => {
        open++;
        socket.on('error', () => {}).on('close', () => open--);
        socket.once('data', (head) => {
          const bytes = answer(/key: (.*)\r\n/i.exec(head)?.[1]);
          if (bytes === null) socket.end();
          else socket.write(bytes);
        });
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(() => server.close());
      const began = Date.now();
      const client = new wspair.WebSocket(`ws://127.0.0.1:${server.address().port}/`, [], { connectTimeout: 300 });
      const errors = [];
      client.addEventListener('error', ({ error }) => errors.push(error));
      const { closed, seen } = watch(client);
      assert.deepEqual(await closed, [1006, 'Failed to establish websocket connection', false]);
      assert.deepEqual([seen, errors.length], [['error'], 1]);
      assert.match(`${errors[0].message} ${errors[0].cause?.message}`, cause);
      assert.ok(Date.now() - began < 5_000);
      await until(() => open === 0);
    });
  }
});

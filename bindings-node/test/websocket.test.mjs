// `new WebSocket(url, protocols)`: what it takes and refuses, and how it is before it is open. Values
// and texts are those of the real runtime.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { Response, WebSocket } from 'wspair';
import { serving, until, withEnd } from './helpers.mjs';
import * as wspair from 'wspair';

const syntax = (text, code = 12) => ({ name: 'SyntaxError', code, message: `WebSocket Constructor: ${text}` });
const invalidToken = syntax('The protocol header token is invalid.');

/** A server that takes connections, and does with them what it is told. */
async function listening(t, use = () => {}) {
  const sockets = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    use(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { sockets, url: `ws://127.0.0.1:${server.address().port}/` };
}

const failed = (socket) => Promise.all([once(socket, 'error'), once(socket, 'close')]).then(([[error], [close]]) => ({ error, close }));

describe('addresses', () => {
  const refused = [
    ['The url is invalid.', ['', '/path', '127.0.0.1:80', ' ws://127.0.0.1/', 'ws:/127.0.0.1/', 'ws:127.0.0.1', 'ws:\\\\127.0.0.1', 'mailto:a@b', 'ws://a b/', undefined, null, {}]],
    ['The url scheme must be ws or wss.', ['http://127.0.0.1/', 'https://127.0.0.1/', 'ftp://127.0.0.1/', 'file:///x']],
    ['The url fragment must be empty.', ['ws://127.0.0.1/#', 'ws://127.0.0.1/#x', 'ws://127.0.0.1/?a#']],
  ];
  for (const [text, addresses] of refused) {
    for (const address of addresses) {
      test(`${JSON.stringify(address)}: ${text}`, () => assert.throws(() => new WebSocket(address), syntax(text)));
    }
  }
  test('are shown as they were given', async (t) => {
    const { url } = await listening(t);
    for (const address of [url, url.replace('ws:', 'WS:'), `${url}a/../b?ä=\t`, url.replace('//', '//u:p@')]) {
      const socket = new WebSocket(address);
      assert.equal(socket.url, address);
      socket.close();
    }
    const socket = new WebSocket(new URL('?x', url));
    assert.equal(socket.url, `${url}?x`);
    socket.close();
  });
});

describe('protocols', () => {
  const lists = [['a'], new (class extends Array {})('a'), new Proxy(['a'], {}), [{ toString: () => 'a' }], [['a']]];
  const singles = ['a', { toString: () => 'a' }, new String('a')];
  test('are a list or one value that converts to text', async (t) => {
    const { ws } = await serving(t, withEnd(wspair, (end) => end.accept(), { headers: { 'sec-websocket-protocol': 'a' } }));
    for (const given of [...lists, ...singles]) {
      const socket = new WebSocket(ws, given);
      await once(socket, 'open');
      assert.equal(socket.protocol, 'a');
      socket.close();
    }
  });
  const notTokens = {
    'an empty text': '', 'a list in one text': 'a, b', 'an object': {}, 'a date': new Date(0), 'a set': new Set(['a']), 'a map': new Map([['a', 'b']]),
    'an iterable': { *[Symbol.iterator]() { yield 'a'; } }, 'a generator': (function* () { yield 'a'; })(), 'what looks like a list': { 0: 'a', length: 1 },
    'a function': () => {}, 'one whose iteration throws': { [Symbol.iterator]() { throw new RangeError('never called'); } },
  };
  for (const [what, given] of Object.entries(notTokens)) {
    test(`refuse ${what}`, () => assert.throws(() => new WebSocket('ws://127.0.0.1/', given), invalidToken));
  }
  test('refuse what does not convert', () => {
    assert.throws(() => new WebSocket('ws://127.0.0.1/', Symbol('s')), { name: 'TypeError', message: 'Cannot convert a Symbol value to a string' });
    assert.throws(() => new WebSocket('ws://127.0.0.1/', [Symbol('s')]), TypeError);
    assert.throws(() => new WebSocket('ws://127.0.0.1/', { toString() { throw new RangeError('mine'); } }), RangeError);
    assert.throws(() => new WebSocket('ws://127.0.0.1/', Object.create(null)), TypeError);
  });
  test('refuse bad and repeated ones of a list', () => {
    for (const given of [[''], [' a'], ['a,b'], [{}]]) {
      assert.throws(() => new WebSocket('ws://127.0.0.1/', given), syntax('One of the protocol header tokens is invalid.'));
    }
    assert.throws(() => new WebSocket('ws://127.0.0.1/', ['a', 'b', 'a']), syntax('The protocols header cannot have repeating values.'));
  });
  test('come after the address', () => {
    assert.throws(() => new WebSocket('http://127.0.0.1/#x', ['a', 'a']), syntax('The url scheme must be ws or wss.'));
  });
});

describe('closing while it connects', () => {
  test('shows open until it has failed, and ignores what is sent', async (t) => {
    const { url, sockets } = await listening(t);
    const socket = new WebSocket(url);
    const events = failed(socket);
    assert.equal(socket.readyState, 0);
    assert.throws(() => socket.close(1), { name: 'InvalidAccessError' });
    assert.equal(socket.readyState, 0);
    assert.equal(socket.close(3000, 'bye'), undefined);
    assert.equal(socket.readyState, 1);
    assert.equal(socket.send('x'), undefined);
    assert.equal(socket.close(), undefined);
    assert.throws(() => socket.accept(), { name: 'TypeError', message: "Can't accept() WebSocket that was already used in a response." });
    await null;
    assert.equal(socket.readyState, 1);
    const { error, close } = await events;
    assert.equal(error.message, 'Uncaught Error: Network connection lost.');
    assert.deepEqual([close.code, close.reason, close.wasClean], [1006, 'Failed to establish websocket connection', false]);
    assert.equal(socket.readyState, 3);
    await until(() => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded));
  });
  test('at any moment up to the event never leaves it open', async (t) => {
    let ended = 0;
    const worker = withEnd(wspair, (end) => (end.accept(), end.addEventListener('close', () => ended++)));
    const { ws } = await serving(t, worker);
    const moments = [() => null, () => new Promise(setImmediate), () => new Promise((resolve) => setTimeout(resolve, 1))]; // sleeps: one of several moments
    for (let steps = 0; steps < 12; steps++) {
      const socket = new WebSocket(ws);
      let opened = false;
      socket.addEventListener('open', () => (opened = true));
      const closed = once(socket, 'close');
      for (let i = 0; i < steps; i++) await moments[i % moments.length]();
      const early = !opened;
      socket.close();
      const [{ code }] = await closed;
      assert.equal(code, early ? 1006 : 1005);
      assert.ok(!(early && opened), 'opened after it was closed');
    }
  });
});

describe('the error of a connection that failed has a code', () => {
  const failure = async (url, options) => {
    const { error } = (await failed(new WebSocket(url, [], options))).error;
    assert.deepEqual([error.name, error.message, error.retryable], ['Error', 'Network connection lost.', true]);
    assert.deepEqual(Object.keys(error), ['retryable']);
    return error.code;
  };
  test('nobody listens', async (t) => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await failure(`ws://127.0.0.1:${port}/`), 'ECONNREFUSED');
  });
  test('no such name', async () => assert.match(await failure('ws://nowhere.invalid/'), /^(ENOTFOUND|EAI_AGAIN)$/));
  test('no answer', async (t) => {
    const { url } = await listening(t);
    assert.equal(await failure(url, { connectTimeout: 50 }), 'ETIMEDOUT');
  });
  test('given up by a signal', async (t) => {
    const { url } = await listening(t);
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    assert.equal(await failure(url, { signal: controller.signal }), 'ABORT_ERR');
    assert.equal(await failure(url, { signal: AbortSignal.timeout(20) }), 'ETIMEDOUT');
  });
  const answers = [
    ['no HTTP', 'garbage\r\n\r\n', /^HPE_/],
    ['a wrong accept value', 'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n', /^EPROTO$/],
    ['the end', '', /^ECONNRESET$/],
  ];
  for (const [what, bytes, code] of answers) {
    test(`the answer is ${what}`, async (t) => {
      const { url } = await listening(t, (socket) => socket.once('data', () => socket.end(bytes)));
      assert.match(await failure(url), code);
    });
  }
});

test('once open it can be neither accepted anew nor is its kind told apart', async (t) => {
  const { ws } = await serving(t, withEnd(wspair, (end) => end.accept()));
  const socket = new WebSocket(ws);
  await once(socket, 'open');
  assert.deepEqual([socket.readyState, socket.accept(), new Response(null, { status: 101, webSocket: socket }).webSocket === socket], [1, undefined, true]);
  socket.close();
  assert.equal(socket.readyState, 2);
});

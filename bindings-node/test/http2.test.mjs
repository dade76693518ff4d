// WebSockets over HTTP/2 (RFC 8441): what a Worker and its clients see of them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import { test } from 'node:test';
import * as wspair from 'wspair';
import { certificate, logged, serving, until, withEnd } from './helpers.mjs';
import { ask, asking, Peer, refusal, session as begin } from './http2.mjs';

const tls = certificate();
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = http2.constants;

/** An echo that keeps the ends, what they are asked with and how they end. */
function echo({ onmessage = (end, data) => end.send(data), ...init } = {}) {
  const seen = { requests: [], ends: [], closes: [] };
  const talk = withEnd(
    wspair,
    (end) => {
      end.accept();
      seen.ends.push(end);
      end.addEventListener('message', ({ data }) => onmessage(end, data));
      end.addEventListener('close', ({ code, reason, wasClean }) => seen.closes.push([code, reason, wasClean]));
    },
    init,
  );
  const worker = (request) => {
    seen.requests.push(request);
    return request.headers.get('upgrade') === 'websocket' ? talk(request) : new Response('a page');
  };
  return { seen, worker };
}

const serveEcho = async (t, options = {}, init = {}) => {
  const { seen, worker } = echo(init);
  const served = await serving(t, worker, { tls, ...options });
  return { seen, ...served, session: await begin(t, served.url) };
};

test('a server announces that it takes WebSockets', async (t) => {
  const { session } = await serveEcho(t);
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
});

test('a Worker sees what it sees over HTTP/1.1', async (t) => {
  const { session, seen, port } = await serveEcho(t);
  const cookies = { cookie: ['a=b', 'c=d'] };
  await Peer.open(session, { ':authority': `localhost:${port}`, ':path': '/chat?room=1', origin: 'https://example.org', ...cookies });
  const [request] = seen.requests;
  assert.equal(request.method, 'GET');
  assert.equal(request.url, `https://localhost:${port}/chat?room=1`);
  const headers = Object.fromEntries(request.headers);
  assert.deepEqual(headers, {
    'cf-connecting-ip': '127.0.0.1',
    connection: 'Upgrade',
    cookie: 'a=b; c=d',
    host: `localhost:${port}`,
    origin: 'https://example.org',
    'sec-websocket-version': '13',
    upgrade: 'websocket',
  });
});

test('messages come back whole, short and long, many of them', async (t) => {
  const { session } = await serveEcho(t);
  const peer = await Peer.open(session);
  const long = 'grüße '.repeat(1 << 19);
  const bytes = randomBytes(5 << 20);
  for (const message of ['', 'hi', long, bytes]) peer.send(message);
  await until(() => peer.messages().length === 4, 20_000);
  assert.deepEqual(peer.messages().slice(0, 3), ['', 'hi', long]);
  assert.ok(bytes.equals(peer.messages()[3]));
  for (let i = 0; i < 2_000; i++) peer.send(`${i}`);
  await until(() => peer.messages().length === 2_004, 20_000);
  assert.deepEqual(peer.messages().slice(4), Array.from({ length: 2_000 }, (_, i) => `${i}`));
});

test('a frame may be cut over any DATA frames', async (t) => {
  const { session } = await serveEcho(t);
  const peer = await Peer.open(session);
  for (const byte of Buffer.from('8182000000006869' + '818200000000686a', 'hex')) {
    await new Promise((resolve) => peer.stream.write(Buffer.of(byte), resolve));
  }
  await until(() => peer.messages().length === 2);
  assert.deepEqual(peer.messages(), ['hi', 'hj']);
});

test('a subprotocol and compression are agreed on', async (t) => {
  const { session } = await serveEcho(t, {}, { headers: { 'Sec-WebSocket-Protocol': 'chat', 'X-Room': '1' } });
  const extensions = 'permessage-deflate; client_max_window_bits';
  const peer = await Peer.open(session, { 'sec-websocket-protocol': 'chat', 'sec-websocket-extensions': extensions });
  assert.equal(peer.headers['sec-websocket-protocol'], 'chat');
  assert.match(peer.headers['sec-websocket-extensions'], /^permessage-deflate/);
  assert.equal(peer.headers['x-room'], '1');
  for (const absent of ['connection', 'upgrade', 'sec-websocket-accept']) assert.equal(peer.headers[absent], undefined);
  peer.send('x'.repeat(10_000));
  assert.equal(await peer.next(), 'x'.repeat(10_000));
});

test('a client closes, with END_STREAM beside its Close frame or after it', async (t) => {
  const { session, seen } = await serveEcho(t);
  const [beside, after] = [await Peer.open(session), await Peer.open(session)];
  beside.send('last');
  beside.close(4000, 'bye');
  assert.deepEqual(await beside.gone(), {
    reset: NGHTTP2_NO_ERROR,
    closed: { type: 'closed', code: 4000, reason: 'bye', clean: true, cause: 'handshake' },
  });
  assert.deepEqual(beside.messages(), ['last']);
  after.connection.close(4001, '');
  after.flush();
  const { reset, closed } = await after.gone();
  assert.deepEqual([reset, closed.code, closed.clean], [NGHTTP2_NO_ERROR, 4001, true]);
  assert.deepEqual(seen.closes, [[4000, 'bye', true], [4001, '', true]]);
});

test('a server closes, and ends the stream', async (t) => {
  const { session, seen } = await serveEcho(t);
  const peer = await Peer.open(session);
  seen.ends[0].send('last');
  seen.ends[0].close(4002, 'enough');
  const { reset, closed } = await peer.gone();
  assert.deepEqual([reset, closed.code, closed.reason, closed.clean], [NGHTTP2_NO_ERROR, 4002, 'enough', true]);
  assert.deepEqual(peer.messages(), ['last']);
  assert.ok(peer.ended);
  await until(() => seen.closes.length === 1);
  assert.deepEqual(seen.closes, [[4002, '', true]]);
});

test('END_STREAM without a Close frame is 1006, and what came before is answered', async (t) => {
  const { session, seen } = await serveEcho(t);
  const peer = await Peer.open(session);
  peer.connection.sendText('last');
  peer.stream.end(peer.connection.flush());
  await peer.gone();
  assert.deepEqual(peer.messages(), ['last']);
  await until(() => seen.closes.length === 1);
  assert.equal(seen.closes[0][0], 1006);
  assert.equal(seen.closes[0][2], false);
});

test('a reset by the client is 1006, whatever its code', async (t) => {
  const { session, seen } = await serveEcho(t);
  for (const code of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR]) {
    const peer = await Peer.open(session);
    peer.send('hi');
    await peer.next();
    peer.stream.close(code);
    await until(() => seen.closes.length === 1, 10_000);
    const [[closed, , clean]] = seen.closes.splice(0);
    assert.deepEqual([closed, clean], [1006, false]);
  }
  // The session goes on.
  const peer = await Peer.open(session);
  peer.send('still here');
  assert.equal(await peer.next(), 'still here');
});

test('a connection that is dropped is reset with CANCEL', async (t) => {
  const { session, sockets, seen } = await serveEcho(t);
  const peer = await Peer.open(session);
  for (const socket of sockets) socket.terminate();
  assert.equal((await peer.gone()).reset, NGHTTP2_CANCEL);
  await until(() => seen.closes.length === 1);
  assert.equal(seen.closes[0][0], 1006);
});

test('a breach of the protocol is told by a Close frame, and ends one stream', async (t) => {
  const { session } = await serveEcho(t);
  const [bad, other] = [await Peer.open(session), await Peer.open(session)];
  bad.stream.write(Buffer.from('810178', 'hex'));
  const { closed } = await bad.gone();
  assert.equal(closed.code, 1002);
  other.send('still here');
  assert.equal(await other.next(), 'still here');
});

test('40 sockets share a session', async (t) => {
  const { session, sockets, server } = await serveEcho(t);
  let sessions = 0;
  server.on('session', () => sessions++);
  const peers = await Promise.all(Array.from({ length: 40 }, () => Peer.open(session)));
  assert.equal(sockets.size, 40);
  peers.forEach((peer, i) => peer.send(`${i}`));
  await until(() => peers.every((peer) => peer.messages().length === 1), 10_000);
  assert.deepEqual(peers.map((peer) => peer.messages()[0]), peers.map((_, i) => `${i}`));
  assert.equal(sessions, 0);
});

test('who is not read is held up, and nobody else of the session', async (t) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const { session, seen } = await serveEcho(t, {}, {
    onmessage: (end, data) => (data.byteLength === undefined ? end.send(data) : held),
  });
  const [slow, fast] = [await Peer.open(session), await Peer.open(session)];
  // The client does not read on one stream, and its echo goes no further than the windows.
  slow.stream.pause();
  seen.ends[0].send(Buffer.alloc(16 << 20));
  for (let i = 0; i < 100; i++) {
    fast.send(`${i}`);
    await fast.next();
  }
  release();
  slow.stream.resume();
  assert.equal((await slow.next()).byteLength, 16 << 20);
});

test('answers to requests that are not taken', async (t) => {
  const { session, seen, port } = await serveEcho(t, { origins: ['https://example.org'], missingOrigin: true });
  const rows = [
    [{ ':protocol': 'foo' }, 501],
    [{ ':protocol': 'connect-udp' }, 501],
    [{ 'sec-websocket-version': '12' }, 400],
    [{ 'sec-websocket-version': undefined }, 400],
    [{ 'sec-websocket-version': ['13', '13'] }, 400],
    [{ 'sec-websocket-protocol': 'a, a' }, 400],
    [{ 'sec-websocket-extensions': ';' }, 400],
    [{ origin: 'https://example.com' }, 403],
  ];
  for (const [fields, status] of rows) {
    const answer = await refusal(session, asking(fields));
    assert.equal(answer.status, status, JSON.stringify(fields));
    assert.notEqual(answer.body, '', JSON.stringify(fields));
    if ('sec-websocket-version' in fields) assert.equal(answer.headers['sec-websocket-version'], '13');
  }
  const ended = await refusal(session, asking(), { endStream: true });
  assert.equal(ended.status, 400);
  const proxied = await refusal(session, { ':method': 'CONNECT', ':authority': 'example.org:443' });
  assert.deepEqual([proxied.status, proxied.headers.allow.startsWith('GET')], [405, true]);
  const other = await ask(session, asking({ ':authority': `localhost:${port}`, host: 'example.org' }));
  assert.equal(other.reset, NGHTTP2_PROTOCOL_ERROR);
  assert.equal(seen.requests.length, 0);
  // A key means nothing here.
  const keyed = await ask(session, asking({ 'sec-websocket-key': 'x', ':authority': `localhost:${port}`, host: `localhost:${port}` }));
  assert.deepEqual([keyed.status, keyed.headers['sec-websocket-accept']], [200, undefined]);
});

test('a Worker may answer otherwise', async (t) => {
  const lines = logged(t);
  const worker = (request) => {
    if (request.url.endsWith('/throws')) throw new Error('in the Worker');
    if (request.url.endsWith('/switches')) return new wspair.Response(null, { status: 101 });
    return new Response('not today', { status: 403, headers: { 'x-why': 'closed', connection: 'close' } });
  };
  const { url } = await serving(t, worker, { tls });
  const client = await begin(t, url);
  const answer = await refusal(client, asking());
  assert.deepEqual([answer.status, answer.body, answer.headers['x-why']], [403, 'not today', 'closed']);
  assert.equal(lines.length, 0);
  for (const path of ['/throws', '/switches']) assert.equal((await refusal(client, asking({ ':path': path }))).status, 500);
  assert.equal(lines.length, 2);
});

test('ordinary requests come over either version', async (t) => {
  const worker = async (request) => {
    const { method, url, headers } = request;
    const body = method === 'POST' ? await request.text() : '';
    const answer = new Response(JSON.stringify({ method, url, host: headers.get('host'), pseudo: [...headers.keys()].filter((name) => name.startsWith(':')), body }), {
      headers: { 'content-type': 'application/json', 'keep-alive': 'timeout=5' },
    });
    answer.headers.append('set-cookie', 'a=1');
    answer.headers.append('set-cookie', 'b=2');
    return answer;
  };
  const { url, port } = await serving(t, worker, { tls });
  const client = await begin(t, url);
  const fetch2 = async (fields, body) => {
    const stream = client.request({ ':path': '/a?b', ...fields }, { endStream: body === undefined });
    stream.end(body);
    const [headers] = await once(stream, 'response');
    return { headers, text: (await stream.setEncoding('utf8').toArray()).join('') };
  };
  const got = await fetch2({});
  assert.equal(got.headers[':status'], 200);
  assert.deepEqual(got.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(got.headers['keep-alive'], undefined);
  assert.deepEqual(JSON.parse(got.text), { method: 'GET', url: `${url}a?b`, host: `127.0.0.1:${port}`, pseudo: [], body: '' });
  const posted = await fetch2({ ':method': 'POST' }, 'a body');
  assert.equal(JSON.parse(posted.text).body, 'a body');
  assert.equal((await fetch2({ ':method': 'HEAD' })).text, '');
  const [response] = await once(https.get(url, { rejectUnauthorized: false, agent: false }), 'response');
  assert.equal(response.httpVersion, '1.1');
  assert.equal(JSON.parse((await response.setEncoding('utf8').toArray()).join('')).method, 'GET');
});

test('HTTP/1.1 upgrades go on at the same port', async (t) => {
  const { ws, sockets } = await serveEcho(t);
  const socket = new wspair.WebSocket(ws, [], { tls: { rejectUnauthorized: false } });
  const messages = [];
  socket.addEventListener('message', ({ data }) => messages.push(data));
  await once(socket, 'open');
  socket.send('hi');
  await until(() => messages.length === 1);
  assert.equal(sockets.size, 1);
  socket.close(1000, '');
  await once(socket, 'close');
});

test('without http2 the same server speaks HTTP/1.1 only', async (t) => {
  const { url } = await serving(t, echo().worker, { tls, http2: false });
  const client = http2.connect(url, { rejectUnauthorized: false });
  const [error] = await once(client, 'error');
  assert.ok(error);
});

test('HTTP/2 without TLS is for who knows beforehand', async (t) => {
  const { url, port } = await serving(t, echo().worker, { http2: 'cleartext' });
  assert.equal(url, `http://127.0.0.1:${port}/`);
  const peer = await Peer.open(await begin(t, url), { ':scheme': 'http' });
  peer.send('hi');
  assert.equal(await peer.next(), 'hi');
  await assert.rejects(wspair.serve(echo().worker, { port: 0, http2: true }), /"http2" of serve needs "tls"/);
  await assert.rejects(wspair.serve(echo().worker, { port: 0, http2: 'cleartext', tls }), /beside "tls"/);
  await assert.rejects(wspair.serve(echo().worker, { port: 0, http2: 'h2c' }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a server that closes says goodbye to the sockets and to the session', async (t) => {
  const { session, close, seen } = await serveEcho(t);
  const peer = await Peer.open(session);
  let goaway;
  session.on('goaway', (code) => (goaway = code));
  const closed = close({ deadline: 10_000 });
  assert.equal((await peer.gone()).closed.code, 1001);
  await closed;
  assert.equal(goaway, NGHTTP2_NO_ERROR);
  assert.deepEqual(seen.closes.map(([code]) => code), [1001]);
});

test('a server that closes drops who stays, by the deadline', async (t) => {
  const { session, close, seen } = await serveEcho(t);
  const peer = await Peer.open(session);
  peer.stream.pause();
  peer.stream.removeAllListeners('data');
  const began = Date.now();
  await close({ deadline: 200 });
  assert.ok(Date.now() - began < 5_000);
  await until(() => seen.closes.length === 1);
});

test('a session that is lost takes its sockets along', async (t) => {
  const { session, seen, sockets } = await serveEcho(t);
  await Promise.all(Array.from({ length: 5 }, () => Peer.open(session)));
  session.destroy();
  await until(() => seen.closes.length === 5);
  assert.deepEqual(seen.closes.map(([code]) => code), [1006, 1006, 1006, 1006, 1006]);
  await until(() => sockets.size === 0);
});

test('a session whose streams are reset as soon as they are asked for is ended, and no other', async (t) => {
  const { session: calm, url, seen, server } = await serveEcho(t);
  const other = await Peer.open(calm);
  let ended = false;
  server.on('session', (session) => session.on('close', () => (ended = true)));
  const hasty = await begin(t, url);
  for (let i = 0; i < 1_000 && !ended; i++) {
    const stream = hasty.request(asking(), { endStream: false });
    stream.on('error', () => {});
    stream.close(NGHTTP2_CANCEL);
    if (i % 10 === 0) await new Promise(setImmediate);
  }
  await until(() => ended, 10_000);
  assert.ok(seen.requests.length < 200, `${seen.requests.length} requests`);
  other.send('still here');
  assert.equal(await other.next(), 'still here');
  await until(() => seen.closes.length === seen.ends.length - 1);
});

test('a client opens connections on a session of the program', async (t) => {
  const { session, seen, port } = await serveEcho(t, {}, { headers: { 'Sec-WebSocket-Protocol': 'chat' } });
  const url = `wss://localhost:${port}/chat?room=1`;
  const socket = new wspair.WebSocket(url, ['chat'], { http2: session, headers: { 'x-token': 'secret' } });
  const messages = [];
  socket.addEventListener('message', ({ data }) => messages.push(data));
  await once(socket, 'open');
  assert.equal(socket.protocol, 'chat');
  assert.match(socket.extensions, /permessage-deflate/);
  const [request] = seen.requests;
  assert.equal(request.url, `https://localhost:${port}/chat?room=1`);
  assert.equal(request.headers.get('x-token'), 'secret');
  socket.send('hi');
  await until(() => messages.length === 1);
  socket.close(4000, 'bye');
  const [{ code, wasClean }] = await once(socket, 'close');
  assert.deepEqual([code, wasClean], [4000, true]);
  await until(() => seen.closes.length === 1);
  assert.deepEqual(seen.closes, [[4000, 'bye', true]]);
});

test('fetch opens a connection on a session, and gives the answer that is none', async (t) => {
  const { session, url } = await serveEcho(t);
  const { status, webSocket } = await wspair.fetch(url, { headers: { Upgrade: 'websocket' }, http2: session });
  assert.equal(status, 101);
  webSocket.accept();
  webSocket.send('hi');
  const [{ data }] = await once(webSocket, 'message');
  assert.equal(data, 'hi');
  webSocket.close(1000, '');
  const refusing = await serving(t, () => new Response('not today', { status: 403 }), { tls });
  const client = await begin(t, refusing.url);
  const response = await wspair.fetch(refusing.url, { headers: { Upgrade: 'websocket' }, http2: client });
  assert.deepEqual([response.status, await response.text()], [403, 'not today']);
  await assert.rejects(wspair.fetch(url, { http2: 'yes' }), TypeError);
});

test('a client waits for the settings of its session', async (t) => {
  const { url, port } = await serving(t, echo().worker, { tls });
  const client = http2.connect(url, { rejectUnauthorized: false });
  t.after(() => client.destroy());
  const socket = new wspair.WebSocket(`wss://localhost:${port}/`, [], { http2: client });
  await once(socket, 'open');
  socket.close(1000, '');
  await once(socket, 'close');
});

test('a session whose server takes no WebSockets opens none', async (t) => {
  const server = http2.createServer((_, response) => response.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address();
  const client = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => client.destroy());
  const socket = new wspair.WebSocket(`ws://127.0.0.1:${port}/`, [], { http2: client });
  await once(socket, 'error');
  await assert.rejects(wspair.fetch(`http://127.0.0.1:${port}/`, { headers: { Upgrade: 'websocket' }, http2: client }));
});

test('clients with http2: true share a session for an origin', async (t) => {
  const { port, server, sockets, seen } = await serveEcho(t);
  const sessions = new Set();
  server.on('session', (session) => sessions.add(session));
  const own = { rejectUnauthorized: false };
  const all = await Promise.all(Array.from({ length: 5 }, async () => {
    const socket = new wspair.WebSocket(`wss://localhost:${port}/`, [], { http2: true, tls: own });
    await once(socket, 'open');
    return socket;
  }));
  assert.deepEqual([sessions.size, sockets.size], [1, 5]);
  for (const socket of all) socket.close(1000, '');
  await until(() => seen.closes.length === 5);
});

test('http2: true falls back to HTTP/1.1', async (t) => {
  const options = { http2: true, tls: { rejectUnauthorized: false } };
  for (const served of [{ tls, http2: false }, {}]) {
    const { ws, sockets } = await serving(t, echo().worker, served);
    const socket = new wspair.WebSocket(ws, [], options);
    await once(socket, 'open');
    assert.equal(sockets.size, 1);
    socket.close(1000, '');
    await once(socket, 'close');
  }
});

test('a client whose session is lost, or is given up, sees 1006', async (t) => {
  const { session, port } = await serveEcho(t);
  const socket = new wspair.WebSocket(`wss://localhost:${port}/`, [], { http2: session });
  await once(socket, 'open');
  const closed = once(socket, 'close');
  session.destroy();
  const [{ code, wasClean }] = await closed;
  assert.deepEqual([code, wasClean], [1006, false]);
  const gone = new AbortController();
  const client = await begin(t, `https://localhost:${port}`);
  const given = new wspair.WebSocket(`wss://localhost:${port}/`, [], { http2: client, signal: gone.signal });
  gone.abort();
  await once(given, 'error');
});

test('upgrade and upgrader take streams of a server of the program', async (t) => {
  const { seen, worker } = echo();
  const sockets = wspair.upgrader(worker);
  const server = http2.createSecureServer({ ...tls, allowHTTP1: true, settings: { enableConnectProtocol: true } });
  server.on('request', (_, response) => response.end('a page'));
  server.on('connect', () => {});
  server.on('stream', (stream, headers) => {
    if (headers[':protocol'] === undefined) return;
    if (headers[':path'] === '/alone') void wspair.upgrade(stream, headers, worker);
    else void sockets.stream(stream, headers);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const client = await begin(t, `https://127.0.0.1:${server.address().port}`);
  for (const path of ['/alone', '/among']) {
    const peer = await Peer.open(client, { ':path': path });
    peer.send('hi');
    assert.equal(await peer.next(), 'hi');
  }
  assert.equal(sockets.size, 1);
  assert.equal(seen.requests.length, 2);
  await sockets.close({ deadline: 100 });
  client.destroy();
});

test('a server that answers each CONNECT itself is told of', async (t) => {
  const lines = logged(t);
  const server = http2.createServer({ settings: { enableConnectProtocol: true } }, (_, response) => response.end('a page'));
  server.on('stream', (stream, headers) => headers[':protocol'] && wspair.upgrade(stream, headers, echo().worker));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const client = await begin(t, `http://127.0.0.1:${server.address().port}`);
  assert.equal((await ask(client, asking({ ':scheme': 'http' }))).status, 405);
  await until(() => lines.length === 1);
  assert.match(lines[0], /server.on\("connect"/);
  client.destroy();
});

test('fields of another stack are judged, accepted and verified', () => {
  const url = 'wss://example.org/chat';
  const options = { subprotocols: ['chat'], deflate: true, headers: [['X-Token', 'secret']] };
  const headers = wspair.clientFields(url, options);
  assert.deepEqual(headers.slice(0, 5), [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'https'],
    [':path', '/chat'],
    [':authority', 'example.org'],
  ]);
  assert.ok(headers.some(([name, value]) => name === 'x-token' && value === 'secret'));
  const asked = wspair.HandshakeRequest.fromFields({ headers });
  assert.equal(asked.state, 'request');
  assert.deepEqual([asked.request.target, asked.request.authority, asked.request.subprotocols], ['/chat', 'example.org', ['chat']]);
  const answer = asked.accept({ subprotocol: 'chat', deflate: true, headers: [['X-Room', '1']] });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers[0], ['sec-websocket-protocol', 'chat']);
  assert.deepEqual(answer.headers.at(-1), ['x-room', '1']);
  const opened = wspair.verifyFields(url, answer, options);
  assert.equal(opened.state, 'open');
  assert.deepEqual(opened.negotiated, answer.negotiated);
  assert.equal(wspair.verifyFields(url, { status: 404, headers: [] }, options).state, 'failed');

  const foreign = asked.accept({ origins: ['https://example.com'], missingOrigin: false });
  assert.deepEqual([foreign.state, foreign.status], ['refused', 403]);
  const ended = wspair.fromFields({ headers, endStream: true });
  assert.deepEqual([ended.state, ended.status, ended.malformed], ['refused', 400, false]);
  const connection = wspair.fromFields({ headers: [...headers, ['connection', 'Upgrade']] });
  assert.deepEqual([connection.state, connection.malformed], ['refused', true]);

  const nonce = Buffer.from('dGhlIHNhbXBsZSBub25jZQ==', 'base64');
  const upgrade = wspair.clientFields(url, { bootstrap: 'upgrade', nonce });
  const request = wspair.fromFields({ method: 'GET', target: '/chat', headers: upgrade, bootstrap: 'upgrade' });
  const { status, headers: fields } = request.accept();
  assert.equal(status, 101);
  assert.deepEqual(fields.at(-1), ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  assert.equal(wspair.verifyFields(url, { status, headers: fields }, { bootstrap: 'upgrade', nonce }).state, 'open');
  assert.throws(() => wspair.clientFields(url, { bootstrap: 'upgrade' }), /a nonce/);
  assert.throws(() => wspair.fromFields({ headers, bootstrap: 'h2' }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => wspair.clientFields('http://example.org/'), TypeError);
});

test('an end that nobody takes messages from holds its client up, and nobody else of the session', async (t) => {
  let accept;
  const asleep = withEnd(wspair, (end) => {
    let size = 0;
    end.addEventListener('message', ({ data }) => {
      size += data.byteLength;
      if (size === 8 << 20) end.send('all');
    });
    accept = () => end.accept();
  });
  const awake = echo().worker;
  const { url } = await serving(t, (request) => (request.url.endsWith('/asleep') ? asleep : awake)(request), { tls });
  const client = await begin(t, url);
  const [slow, fast] = [await Peer.open(client, { ':path': '/asleep' }), await Peer.open(client)];
  for (let i = 0; i < 128; i++) slow.send(Buffer.alloc(64 << 10));
  for (let i = 0; i < 20; i++) {
    fast.send(`${i}`);
    await fast.next();
  }
  await new Promise((resolve) => setTimeout(resolve, 300)); // sleeps: gives the sender time to be held back
  assert.ok(slow.stream.writableLength > 4 << 20, `${slow.stream.writableLength} bytes wait`);
  accept();
  assert.equal(await slow.next(), 'all');
});

test('ordinary answers over HTTP/2 end, break off and wait as over HTTP/1.1', async (t) => {
  const lines = logged(t);
  let pulled = 0;
  let asked = false;
  let aborted = false;
  const worker = async ({ url, signal }) => {
    switch (new URL(url).pathname) {
      case '/fails':
        return new Response(new ReadableStream({
          start: (body) => body.enqueue(Buffer.from('part')),
          pull: () => new Promise((_, reject) => setTimeout(reject, 20, new Error('in the body'))),
        }));
      case '/endless':
        return new Response(new ReadableStream({ pull: (body) => (pulled++, body.enqueue(new Uint8Array(1 << 16))) }, { highWaterMark: 0 }));
      case '/never':
        signal.addEventListener('abort', () => (aborted = true));
        asked = true;
        return new Promise(() => {});
      case '/empty':
        return new Response(null, { status: 204 });
      default:
        return new Response('not read', { status: 413 });
    }
  };
  const { url } = await serving(t, worker, { tls });
  const client = await begin(t, url);
  const get = (path, options = { endStream: true }, more = {}) => ask(client, { ':path': path, ...more }, options);

  const fails = await get('/fails');
  fails.stream.resume();
  await fails.over;
  assert.deepEqual([fails.status, fails.reset], [200, http2.constants.NGHTTP2_INTERNAL_ERROR]);
  assert.match(lines.join(), /in the body/);

  const endless = await get('/endless');
  endless.stream.pause();
  for (let before = -1; pulled !== before; ) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(pulled < 1_000, 'it is pulled for a client that does not read');
  }
  endless.stream.close(NGHTTP2_CANCEL);

  const never = client.request({ ':path': '/never' }, { endStream: true });
  never.on('error', () => {});
  await until(() => asked);
  never.close(NGHTTP2_CANCEL);
  await until(() => aborted);

  const empty = await get('/empty');
  empty.stream.resume();
  await empty.over;
  assert.deepEqual([empty.status, empty.reset], [204, NGHTTP2_NO_ERROR]);

  const posted = await get('/', { endStream: false }, { ':method': 'POST' });
  posted.stream.resume();
  for (let i = 0; i < 10; i++) posted.stream.write(Buffer.alloc(1 << 20));
  posted.stream.end();
  await posted.over;
  assert.deepEqual([posted.status, posted.reset], [413, NGHTTP2_NO_ERROR]);

  const after = await get('/empty');
  assert.equal(after.status, 204);
});

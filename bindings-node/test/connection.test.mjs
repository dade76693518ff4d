// The low level: any stream, no socket.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptKey, ClientHandshake, Connection, ConnectionConfig, SendError, ServerHandshake } from 'wspair';

/** Carries bytes from one side to the other, in pieces of a length, and gives the events. */
function carry(from, to, piece = Infinity) {
  const bytes = from.flush();
  const events = [];
  for (let at = 0; at < bytes.length; at += piece) events.push(...to.receive(bytes.subarray(at, at + piece)));
  return events;
}

const sides = (options, agreed) => [new Connection('client', options, agreed), new Connection('server', options, agreed)];

describe('Connection', () => {
  test('messages of all lengths arrive, however they are cut', () => {
    const agreements = [{}, { deflate: { serverMaxWindowBits: 12, clientMaxWindowBits: 12, serverNoContextTakeover: false, clientNoContextTakeover: true } }];
    for (const agreed of agreements) {
      for (const piece of [1, 7, 1000, Infinity]) {
        const [client, server] = sides({}, agreed);
        for (const size of [0, 1, 125, 126, 20_000, piece === 1 ? 0 : 70_000]) {
          for (const [from, to] of [[client, server], [server, client]]) {
            const texts = ['x'.repeat(size), 'é'.repeat(size), '漢😀'.repeat(size / 4)];
            for (const text of texts) {
              from.sendText(text);
              assert.deepEqual(carry(from, to, piece), [{ type: 'text', data: text }]);
            }
            const data = Buffer.alloc(size, 'abc');
            from.sendBinary(data);
            assert.deepEqual(carry(from, to, piece), [{ type: 'binary', data }]);
          }
        }
      }
    }
  });

  test('many messages in one piece keep their order', () => {
    const [client, server] = sides();
    const sent = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
    for (const text of sent) client.sendText(text);
    assert.deepEqual(carry(client, server).map(({ data }) => data), sent);
  });

  test('long messages go out without a copy, behind what waits', () => {
    const server = new Connection('server');
    const data = new Uint8Array(20_000).fill(1);
    server.sendBinary(data);
    const [header, payload] = server.flushv();
    assert.deepEqual([header.length, payload.buffer], [4, data.buffer]);
    server.sendText('first');
    server.sendBinary(data);
    const client = new Connection('client');
    assert.deepEqual(carry(server, client).map(({ type }) => type), ['text', 'binary']);
  });

  test('fragments, pings and chunks', () => {
    const [client, server] = sides({ chunks: true });
    client.sendFragment('one ', false);
    client.ping(Buffer.from('?'));
    client.sendFragment('two', true);
    assert.throws(() => client.ping(Buffer.alloc(126)), { name: 'SendError', code: 'CONTROL_TOO_LONG' });
    assert.deepEqual(carry(client, server), [
      { type: 'chunk', data: Buffer.from('one '), text: true, first: true, last: false },
      { type: 'ping', data: Buffer.from('?') },
      { type: 'chunk', data: Buffer.from('two'), text: true, first: false, last: true },
    ]);
    assert.deepEqual(carry(server, client), [{ type: 'pong', data: Buffer.from('?') }]);
  });

  test('the closing handshake, and what to do with the stream', () => {
    const [client, server] = sides();
    client.close(4000, 'bye');
    assert.equal(client.readyState, 2);
    assert.throws(() => client.sendText('x'), (error) => error instanceof SendError && error.code === 'CLOSING');
    const end = { type: 'closed', code: 4000, clean: true, cause: 'handshake' };
    assert.deepEqual(carry(client, server), [{ type: 'peer-closing', code: 4000, reason: 'bye' }, { ...end, reason: 'bye' }]);
    assert.deepEqual(carry(server, client), [{ type: 'peer-closing', code: 4000, reason: '' }, { ...end, reason: '' }]);
    assert.deepEqual([server.transportState, client.transportState, client.readyState], ['close', 'open', 3]);
    assert.deepEqual(client.receiveEof(), []);
    for (const code of [999, 1005, 1016, 2999, 5000]) {
      assert.throws(() => new Connection('server').close(code), { code: 'CLOSE_CODE' });
    }
    assert.throws(() => new Connection('server').close(1000, 'x'.repeat(124)), { code: 'CLOSE_REASON' });
  });

  const textAndClose = Buffer.from('8182000000006869' + '88820000000003e8', 'hex');
  const answers = Buffer.from('81057265206869' + '880203e8', 'hex');

  for (const autoClose of [true, false]) {
    for (const step of [1, 5, 100]) {
      test(`a Close and the end behind it get replies and the answer, autoClose ${autoClose}, cut by ${step}`, () => {
        const server = new Connection('server', { autoClose });
        const events = [];
        for (let at = 0; at < textAndClose.length; at += step) {
          events.push(...server.receive(Buffer.from(textAndClose.subarray(at, at + step))));
        }
        events.push(...server.receiveEof());
        const texts = events.slice(0, 2).map(({ type, data, code }) => [type, data ?? code]);
        assert.deepEqual(texts, [['text', 'hi'], ['peer-closing', 1000]]);
        server.sendText('re hi');
        if (!autoClose) {
          assert.equal(server.transportState, 'open');
          server.close(1000);
          events.push(...server.receive(Buffer.alloc(0)));
        }
        assert.deepEqual(events.slice(2), [{ type: 'closed', code: 1000, reason: '', clean: true, cause: 'handshake' }]);
        assert.deepEqual(server.flush(), answers);
        assert.equal(server.transportState, 'close');
      });
    }
  }

  test('a Close and the end behind it are answered in time', () => {
    const server = new Connection('server', { autoClose: false, closeWithin: 100 });
    server.receive(Buffer.from(textAndClose));
    assert.equal(server.nextTimeout, null);
    assert.deepEqual(server.receiveEof(), []);
    assert.deepEqual(server.handleTimeout(1000), []);
    assert.equal(server.nextTimeout, 1100);
    const [end] = server.handleTimeout(1100);
    assert.deepEqual([end.code, end.clean, end.cause], [1000, false, 'close-timeout']);
    assert.deepEqual([server.transportState, server.nextTimeout], ['close', null]);
  });

  test('a lost stream is the end at once', () => {
    const end = { type: 'closed', code: 1006, reason: '', clean: false, cause: 'transport' };
    const server = new Connection('server', { autoEnd: false });
    server.sendText('never written');
    assert.deepEqual(server.transportLost(), [end]);
    assert.deepEqual([server.transportState, server.nextTimeout], ['close', null]);
    assert.deepEqual(server.transportLost(), []);
    const closing = new Connection('server', { autoClose: false });
    closing.receive(Buffer.from(textAndClose));
    assert.deepEqual(closing.transportLost(), [{ ...end, code: 1000 }]);
  });

  test('without autoEnd the output stays open behind the end of the input', () => {
    const server = new Connection('server', { autoEnd: false });
    assert.equal(server.receiveEof()[0].code, 1006);
    assert.equal(server.transportState, 'open');
    server.sendText('re hi');
    server.close(1000);
    assert.deepEqual(server.flush(), answers);
    assert.equal(server.transportState, 'close');
  });

  test('faults of the peer', () => {
    const server = new Connection('server', { maxMessage: 10 });
    const [closed] = server.receive(Buffer.from([0x81, 0x05]));
    const fault = { type: 'closed', code: 1006, reason: '', clean: false, cause: 'peer' };
    assert.deepEqual(closed, { ...fault, error: 'unmasked frame from a client', rule: 'UNMASKED' });
    assert.equal(server.flush().readUInt16BE(2), 1002);
    assert.equal(server.transportState, 'finish-writing');
  });

  test('time is told', () => {
    const server = new Connection('server', { pingAfter: 100, pongWithin: 50 });
    assert.notEqual(server.nextTimeout, null);
    server.handleTimeout(1000);
    assert.equal(server.nextTimeout, 1100);
    server.handleTimeout(1100);
    assert.equal(server.flush()[0], 0x89);
    assert.deepEqual(server.handleTimeout(1150), [{ type: 'closed', code: 1006, reason: '', clean: false, cause: 'pong-timeout' }]);
    assert.equal(new Connection('server').nextTimeout, null);
  });

  test('a host that polls learns of what is owed', () => {
    const masked = (...frame) => Buffer.from([frame[0], frame[1] | 0x80, 0, 0, 0, 0, ...frame.slice(2)]);
    for (const [frame, owed] of [
      [masked(0x89, 1, 112), [0x8a, 1, 112]],
      [masked(0x88, 2, 3, 232), [0x88, 2, 3, 232]],
      [masked(0x83, 0), [0x88, 2, 3, 234]],
      [masked(0x8a, 0), []],
    ]) {
      const server = new Connection('server');
      assert.equal(server.wantsWrite, false);
      server.receive(frame);
      assert.deepEqual([server.wantsWrite, server.bufferedAmount], [owed.length > 0, owed.length]);
      assert.deepEqual([...server.flush()], owed);
      assert.deepEqual([server.wantsWrite, server.bufferedAmount], [false, 0]);
    }
    // Long messages wait outside of the native queue.
    const server = new Connection('server');
    server.sendBinary(new Uint8Array(100_000));
    assert.equal(server.wantsWrite, true);
    server.flush();
    assert.equal(server.wantsWrite, false);
  });

  test('it says what was agreed on, whether a ping of keepalive waits, and has its earlier names', () => {
    const agreed = { subprotocol: 'chat' };
    const server = new Connection('server', { pingAfter: 100 }, agreed);
    assert.equal(server.agreed, agreed);
    server.handleTimeout(0);
    assert.equal(server.awaitsPong, false);
    server.handleTimeout(101);
    assert.equal(server.awaitsPong, true);
    const client = new Connection('client');
    client.receive(server.flush());
    server.streamHolds(0);
    server.receive(client.flush());
    server.handleTimeout(102);
    assert.equal(server.awaitsPong, false);
    server.shrinkToFit();
    server.shrink();
  });

  test('what leaves the buffers of the stream is life', () => {
    for (const length of [1000, 100_000]) {
      const server = new Connection('server', { pingAfter: 100, pongWithin: 50 });
      server.handleTimeout(0);
      server.sendBinary(Buffer.alloc(length));
      let held = Buffer.concat(server.flushv()).length;
      for (let now = 0; now <= 1000; now += 40) {
        server.transportHolds((held -= 10));
        assert.deepEqual(server.handleTimeout(now), [], `at ${now}`);
      }
      assert.equal(server.handleTimeout(1150).length, 0);
      server.transportHolds(held + server.flush().length);
      assert.equal(server.handleTimeout(1200)[0]?.cause, 'pong-timeout');
    }
  });

  test('while the program does not read the silence of the peer means nothing', () => {
    const server = new Connection('server', { pingAfter: 100, pongWithin: 50 });
    server.handleTimeout(0);
    server.holdInput(true);
    assert.equal(server.nextTimeout, null);
    assert.deepEqual(server.handleTimeout(5000), []);
    server.holdInput(false);
    assert.deepEqual(server.handleTimeout(5000), []);
    assert.equal(server.nextTimeout, 5100);
    assert.equal(server.flush().length, 0);
  });

  test('back-pressure, abort, and shared options', () => {
    const config = new ConnectionConfig({ maxOutgoing: 100, highWaterMark: 10 });
    const server = new Connection('server', config);
    server.sendText('x'.repeat(50));
    assert.deepEqual([server.bufferedAmount, server.isCongested], [52, true]);
    assert.throws(() => server.sendText('x'.repeat(50)), { code: 'BACKPRESSURE' });
    assert.equal(server.abort()[0].cause, 'abort');
    assert.throws(() => new Connection('peer'), TypeError);
  });

  test('memory that another thread may change is copied', () => {
    const [client, server] = sides();
    client.sendText('shared');
    const bytes = client.flush();
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    assert.deepEqual(server.receive(shared), [{ type: 'text', data: 'shared' }]);
    assert.deepEqual(Buffer.from(shared), bytes);
  });
});

describe('handshakes', () => {
  test('agree, over any stream', () => {
    const client = new ClientHandshake('ws://example.org/chat?x', { subprotocols: ['a', 'b'], headers: [['x-token', 't']], deflate: true });
    const server = new ServerHandshake();
    const early = Buffer.from('early');
    const { request } = client;
    assert.equal(server.receive(Buffer.concat([request, early])), request.length);
    const { progress } = server;
    assert.equal(progress.state, 'request');
    const { target, authority, subprotocols, headers } = progress.request;
    assert.deepEqual([target, authority, subprotocols], ['/chat?x', 'example.org', ['a', 'b']]);
    assert.ok(headers.some(([name, value]) => name === 'x-token' && value === 't'));
    const answer = server.accept({ subprotocol: 'b', headers: [['x-more', '1']], deflate: true });
    client.receive(answer.response);
    assert.equal(client.progress.state, 'open');
    assert.deepEqual(client.progress.negotiated, answer.negotiated);
    assert.deepEqual([answer.negotiated.subprotocol, answer.negotiated.deflate.serverMaxWindowBits], ['b', 12]);
    assert.throws(() => server.accept({ subprotocol: 'c' }), /not offered/);
  });

  test('refuse', () => {
    const server = new ServerHandshake();
    assert.equal(server.progress.state, 'more');
    server.receive(Buffer.from('POST / HTTP/1.1\r\nHost: x\r\n\r\n'));
    assert.deepEqual([server.progress.state, server.progress.status], ['refused', 405]);
    const client = new ClientHandshake('ws://example.org/', { headers: [['origin', 'https://bad.example']] });
    const other = new ServerHandshake();
    other.receive(client.request);
    const answer = other.accept({ origins: ['https://good.example'] });
    assert.deepEqual([answer.accepted, answer.status], [false, 403]);
    client.receive(other.refuse(401, [['www-authenticate', 'Basic']], 'who are you?'));
    const { progress } = client;
    assert.deepEqual([progress.state, progress.status, String(progress.body)], ['refused', 401, 'who are you?']);
    assert.throws(() => new ClientHandshake('http://example.org/'), /neither ws nor wss/);
  });

  test('acceptKey', () => {
    assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});

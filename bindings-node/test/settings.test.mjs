// Each option of a connection does what it says. That wrong ones are refused is in options.test.mjs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientHandshake, Connection, ServerHandshake } from 'wspair';

const deflate = { serverMaxWindowBits: 15, clientMaxWindowBits: 15, serverNoContextTakeover: true, clientNoContextTakeover: true };
const server = (options, compressed = false) => new Connection('server', options, compressed ? { deflate } : {});
const client = (options, compressed = false) => new Connection('client', options, compressed ? { deflate } : {});

/** The first bytes of the frames that a server sends; all are short. */
function firsts(bytes) {
  const seen = [];
  for (let at = 0; at < bytes.length; ) {
    seen.push(bytes[at]);
    at += bytes[at + 1] < 126 ? 2 + bytes[at + 1] : 4 + bytes.readUInt16BE(at + 2);
  }
  return seen;
}

/** How a server with these options ends, when a peer sends it that. */
function ends(options, send) {
  const [from, to] = [client({ maxOutgoing: Infinity }), server(options)];
  send(from);
  const seen = to.receive(from.flush()).at(-1);
  return seen?.type === 'closed' ? [seen.code, to.flush().subarray(2, 4).readUInt16BE()] : seen?.type;
}

describe('an option of a connection:', () => {
  test('deflate.threshold is the shortest message that is compressed', () => {
    for (const [threshold, first] of [[100, 0xc1], [101, 0x81], [0, 0xc1], [Infinity, 0x81]]) {
      const conn = server({ deflate: { threshold } }, true);
      conn.sendText('x'.repeat(100));
      assert.equal(conn.flush()[0], first, `${threshold}`);
    }
  });

  test('deflate.level and deflate.memLevel trade time and memory for length', () => {
    const text = JSON.stringify(Array.from({ length: 5_000 }, (_, id) => ({ id, name: `n${(id * 7919) % 977}`, at: (id * 31) % 97 })));
    const length = (deflate) => {
      const conn = server({ deflate, maxOutgoing: Infinity }, true);
      conn.sendText(text);
      const bytes = conn.flush();
      const [seen] = client({}, true).receive(bytes);
      assert.equal(seen.data, text);
      return bytes.length;
    };
    assert.ok(length({ level: 9 }) < length({ level: 1 }));
    assert.ok(length({ level: 1 }) < length({ level: 0 }));
    assert.ok(length({ level: 9, memLevel: 9 }) < length({ level: 9, memLevel: 1 }));
  });

  test('maxMessage, maxFrame and maxFragments end who passes them', () => {
    const parts = (...lengths) => (from) => lengths.forEach((length, at) => from.sendFragment('x'.repeat(length), at === lengths.length - 1));
    assert.equal(ends({ maxMessage: 10 }, parts(5, 5)), 'text');
    assert.deepEqual(ends({ maxMessage: 10 }, parts(5, 6)), [1006, 1009]);
    assert.equal(ends({ maxFrame: 10 }, parts(10, 10)), 'text');
    assert.deepEqual(ends({ maxFrame: 10 }, parts(1, 11)), [1006, 1009]);
    assert.equal(ends({ maxFragments: 2 }, parts(1, 1)), 'text');
    assert.deepEqual(ends({ maxFragments: 2 }, parts(1, 1, 1)), [1006, 1008]);
    assert.equal(ends({ maxMessage: Infinity, maxFrame: Infinity, maxFragments: Infinity }, parts(2_000_000, 1, 1)), 'text');
  });

  test('maxOutgoing refuses what is too much, highWaterMark only says so', () => {
    for (const mark of ['highWaterMark', 'outgoingMark']) {
      const conn = server({ maxOutgoing: 100, [mark]: 20 });
      conn.sendText('x'.repeat(17));
      assert.equal(conn.isCongested, false);
      conn.sendText('x');
      assert.equal(conn.isCongested, true);
      assert.throws(() => conn.sendText('x'.repeat(100)), { name: 'SendError', code: 'BACKPRESSURE' });
      assert.equal(conn.bufferedAmount, 22);
    }
  });

  test('splitAbove sends longer messages as fragments', () => {
    for (const [splitAbove, seen] of [[10, [0x01, 0x00, 0x80]], [25, [0x81]], [Infinity, [0x81]], [undefined, [0x81]]]) {
      const conn = server({ splitAbove });
      conn.sendText('x'.repeat(25));
      assert.deepEqual(firsts(conn.flush()), seen, `${splitAbove}`);
    }
  });

  test('autoPong, autoClose and autoEnd leave the answers to the program', () => {
    for (const on of [true, false]) {
      const peer = client();
      const conn = server({ autoPong: on, autoClose: on, autoEnd: on });
      peer.ping(Buffer.from('?'));
      conn.receive(peer.flush());
      assert.deepEqual(firsts(conn.flush()), on ? [0x8a] : []);
      peer.close(1000);
      conn.receive(peer.flush());
      assert.deepEqual(firsts(conn.flush()), on ? [0x88] : []);
      const other = server({ autoEnd: on });
      other.receiveEof();
      assert.equal(other.transportState === 'open', !on);
    }
  });

  test('chunks come as they come', () => {
    for (const chunks of [true, false]) {
      const peer = client();
      const conn = server({ chunks });
      peer.sendBinary(Buffer.alloc(100));
      const half = conn.receive(peer.flush().subarray(0, 50));
      assert.deepEqual(half.map(({ type, first, last }) => [type, first, last]), chunks ? [['chunk', true, false]] : []);
    }
  });

  test('pingAfter, pongWithin and closeWithin are deadlines', () => {
    const conn = server({ pingAfter: 1_000, pongWithin: 500 });
    conn.handleTimeout(0);
    assert.equal(conn.nextTimeout, 1_000);
    assert.deepEqual(conn.handleTimeout(1_000), []);
    assert.deepEqual(firsts(conn.flush()), [0x89]);
    // From when the ping is known to be written.
    assert.deepEqual(conn.handleTimeout(1_000), []);
    assert.equal(conn.nextTimeout, 1_500);
    assert.deepEqual(conn.handleTimeout(1_499), []);
    assert.deepEqual(conn.handleTimeout(1_500).map(({ type, code }) => [type, code]), [['closed', 1006]]);

    const closing = server({ closeWithin: 300 });
    closing.handleTimeout(0);
    closing.close(1000);
    closing.flush();
    assert.deepEqual(closing.handleTimeout(closing.nextTimeout), []);
    assert.equal(closing.nextTimeout, 300);
    assert.deepEqual(closing.handleTimeout(299), []);
    assert.deepEqual(closing.handleTimeout(300).map(({ type, code }) => [type, code]), [['closed', 1006]]);
    for (const never of ['pingAfter', 'closeWithin']) {
      const patient = server({ [never]: Infinity });
      patient.handleTimeout(0);
      if (never === 'closeWithin') patient.close(1000);
      patient.flush();
      assert.deepEqual(patient.handleTimeout(1e9), []);
    }
  });
});

describe('a handshake', () => {
  const start = { server: 'GET / HTTP/1.1\r\nX: ', client: 'HTTP/1.1 101 x\r\nX: ' };
  const make = (side, limits) => (side === 'server' ? new ServerHandshake(limits) : new ClientHandshake('ws://a/', {}, limits));
  const why = ({ progress }) => progress.status ?? progress.reason;
  const ends = {
    'in time': { server: 408, client: 'response head not complete in time' },
    'where the stream ends': { server: 400, client: 'stream ended before the response' },
    'at its limit': { server: 431, client: 'response head over the size limit' },
  };

  for (const side of ['server', 'client']) {
    test(`of a ${side} ends in time, where the stream ends, and at its limit`, () => {
      const late = make(side, { within: 100 });
      late.receive(Buffer.from(start[side]));
      late.handleTimeout(1_000);
      assert.equal(late.nextTimeout, 1_100);
      late.handleTimeout(1_099);
      assert.equal(late.progress.state, 'more');
      late.handleTimeout(1_100);
      assert.equal(why(late), ends['in time'][side]);
      assert.equal(late.nextTimeout, null);

      const cut = make(side);
      cut.receive(Buffer.from(start[side]));
      cut.receiveEof();
      assert.equal(why(cut), ends['where the stream ends'][side]);

      const long = make(side, { maxHead: 100 });
      long.receive(Buffer.from(start[side] + 'x'.repeat(200)));
      assert.equal(why(long), ends['at its limit'][side]);

      const patient = make(side, { within: Infinity });
      patient.handleTimeout(0);
      assert.equal(patient.nextTimeout, null);
    });
  }

  test('is accepted once there is a request, and only for a subprotocol that was offered', () => {
    const server = new ServerHandshake();
    assert.throws(() => server.accept(), /no request to accept/);
    server.receive(new ClientHandshake('ws://a/', { subprotocols: ['a'] }).request);
    assert.throws(() => server.accept({ subprotocol: 'b' }), /not offered/);
    assert.equal(server.accept({ subprotocol: 'a' }).accepted, true);
  });
});

test('a connection that shrinks goes on', () => {
  const [from, to] = [client(), server()];
  from.sendText('x'.repeat(100_000));
  const bytes = from.flush();
  assert.deepEqual(to.receive(bytes.subarray(0, 50_000)), []);
  to.shrink();
  assert.equal(to.receive(bytes.subarray(50_000))[0].data.length, 100_000);
});

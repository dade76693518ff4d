// Options and arguments of the wrong name, type or range are told where they are given.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { acceptKey, ClientHandshake, Connection, ConnectionConfig, forCompatibilityDate, serve, ServerHandshake, upgrade, upgrader, WebSocket } from 'wspair';

const request =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a\r\n\r\n';
function asked() {
  const handshake = new ServerHandshake();
  handshake.receive(Buffer.from(request));
  return handshake;
}

const places = {
  Connection: (options) => new Connection('server', options),
  ConnectionConfig: (options) => new ConnectionConfig(options),
  agreement: (options) => new Connection('server', {}, options),
  ServerHandshake: (options) => new ServerHandshake(options),
  accept: (options) => asked().accept(options),
  ClientHandshake: (options) => new ClientHandshake('ws://127.0.0.1/', options),
  'limits of ClientHandshake': (options) => new ClientHandshake('ws://127.0.0.1/', {}, options),
  WebSocket: (options) => new WebSocket('ws://127.0.0.1/', [], options),
  upgrader: (options) => upgrader(() => {}, options),
};

/** Values that are out of range, with what is said to be allowed. */
class Range {
  constructor(allowed, ...values) {
    Object.assign(this, { allowed, values });
  }
}
const range = (...given) => new Range(...given);

const whole = (unit, least = 0) => ['x', null, true, 5n, range(`a whole number of ${unit} from ${least} on, or Infinity`, least - 1, 1.5, NaN, -Infinity)];
const between = (least, most) => ['x', null, range(`a whole number from ${least} to ${most}`, least - 1, most + 1, 300, least + 0.5, NaN, Infinity)];
const milliseconds = ['x', null, range('a number of milliseconds above 0, or Infinity', 0, -1, NaN)];
const boolean = ['x', null, 0, 1];
const fields = ['x', 5, null, { a: 'b' }, [['a']], [['a', 5]], ['ab'], [['a', 'b', 'c']], [['a b', 'c']], [['a', 'b\nc']]];
const wishes = (least = 9) => ({ deflate: ['x', 5, null], 'deflate.serverMaxWindowBits': between(least, 15), 'deflate.clientMaxWindowBits': between(least, 15), 'deflate.serverNoContextTakeover': boolean, 'deflate.clientNoContextTakeover': boolean });
const limits = { maxHead: whole('bytes', 1), maxLine: whole('bytes', 1), maxFields: whole('fields', 1), maxBody: whole('bytes'), within: milliseconds };

const servers = {
  origins: ['https://a', null, [5], ['x'], ['https://a/b']], missingOrigin: boolean, ...wishes(),
  limits: ['x', 5, null], 'limits.maxMessage': whole('bytes'), 'limits.pingAfter': milliseconds, 'limits.deflate.level': between(0, 9),
};

// The names that there are, and values that they refuse.
const refused = {
  upgrader: servers,
  Connection: {
    maxMessage: whole('bytes'), maxFrame: whole('bytes'), maxFragments: whole('frames', 1), maxOutgoing: whole('bytes'), highWaterMark: whole('bytes'), outgoingMark: whole('bytes'), splitAbove: whole('bytes', 1),
    chunks: boolean, autoPong: boolean, autoClose: boolean, autoEnd: boolean,
    pingAfter: milliseconds, pongWithin: milliseconds, closeWithin: milliseconds,
    deflate: ['x', 5, null, true], 'deflate.threshold': whole('bytes'), 'deflate.level': between(0, 9), 'deflate.memLevel': between(1, 9),
  },
  agreement: { ...wishes(8), subprotocol: [5, null] },
  ServerHandshake: limits,
  'limits of ClientHandshake': limits,
  accept: { ...wishes(), subprotocol: [5, null], headers: fields, origins: ['https://a', null, [5], ['x'], ['https://a/b']], missingOrigin: boolean },
  ClientHandshake: { ...wishes(), subprotocols: ['a', null, [5], ['a b'], ['a', 'a']], headers: fields },
  WebSocket: { ...wishes(), headers: ['x', 5, null], tls: ['x', null, true], connectTimeout: milliseconds, signal: ['x', null, {}, new AbortController()], maxMessage: whole('bytes'), maxFragments: whole('frames', 1) },
};

/** `deflate.level` as an option in an option. */
const nested = (path, value) => path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);
for (const [place, options] of Object.entries(refused)) {
  describe(place, () => {
    for (const [path, values] of Object.entries(options)) {
      test(`refuses what ${path} cannot be`, () => {
        const refuses = (value, name, message) => assert.throws(() => places[place](nested(path, value)), { name, message }, String(value));
        for (const given of values) {
          if (given instanceof Range) {
            for (const value of given.values) refuses(value, 'RangeError', new RegExp(`^Option "${path}" must be ${given.allowed}, not `));
          } else {
            // What the core refuses says of itself what it is of.
            refuses(given, 'TypeError', new RegExp(`"${path}"|origin|subprotocol|field (name|value)`));
          }
        }
      });
    }
    test('says what there is where a name is unknown', () => {
      const names = Object.keys(options).filter((path) => !path.includes('.'));
      assert.throws(() => places[place]({ nosuch: 1 }), (error) => {
        assert.equal(error.name, 'TypeError');
        assert.match(error.message, /^"nosuch" is no option of /);
        for (const name of names) assert.match(error.message, new RegExp(`\\b${name}\\b`));
        return true;
      });
    });
    test('takes an object only', () => {
      for (const value of [null, 5, 'x', true]) assert.throws(() => places[place](value), { name: 'TypeError', message: /must be an object, not / });
    });
    test('takes undefined for what is not given', () => {
      if (place === 'WebSocket') return;
      places[place](Object.fromEntries(Object.keys(options).filter((path) => !path.includes('.')).map((name) => [name, undefined])));
    });
  });
}

test('what is allowed is taken', () => {
  new Connection('server', { maxMessage: Infinity, maxFrame: 0, pingAfter: 0.5, closeWithin: Infinity, deflate: { threshold: 0, level: 0, memLevel: 9 } });
  new Connection('client', new ConnectionConfig({ chunks: true }), { subprotocol: 'a', deflate: { serverMaxWindowBits: 8 } });
  assert.equal(asked().accept({ subprotocol: 'a', headers: new Headers({ 'x-a': 'b' }), origins: ['https://a'], deflate: { serverMaxWindowBits: 15 } }).accepted, true);
  new ClientHandshake('wss://a/', { subprotocols: ['a'], headers: new Map([['x-a', 'b']]), deflate: true }, { within: Infinity, maxHead: Infinity });
});

test('options that are mistyped open no connection', async () => {
  assert.throws(() => new WebSocket('ws://127.0.0.1:1/', [], { header: {} }), { message: '"header" is no option of a WebSocket. There are: headers, tls, connectTimeout, signal, deflate, maxMessage, maxFragments, http2.' });
});

describe('arguments', () => {
  const connection = new Connection('server');
  const refusedBy = (method, values) => {
    for (const value of values) assert.throws(() => connection[method](...[value].flat()), { name: 'TypeError', message: new RegExp(`^${method} takes `) }, `${method} ${String(value)}`);
  };
  test('of a connection', () => {
    refusedBy('sendText', [5, undefined, null, Buffer.from('x')]);
    for (const method of ['sendBinary', 'receive']) refusedBy(method, ['x', 5, null, undefined, {}, new Blob(['x'])]);
    refusedBy('receive', [new ArrayBuffer(1)]);
    for (const method of ['ping', 'pong']) refusedBy(method, ['x', 5, null]);
    refusedBy('close', ['1000', [1000, 5], [null]]);
    refusedBy('handleTimeout', ['x', NaN, -1, undefined]);
    assert.equal(connection.bufferedAmount, 0);
    assert.throws(() => new Connection('both'), TypeError);
  });
  test('whatever bytes are seen through are sent as they are', () => {
    const memory = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const { buffer } = memory;
    const shared = new SharedArrayBuffer(4);
    new Uint8Array(shared).set([1, 2, 3, 4]);
    const cases = [
      [buffer, [...memory]],
      [memory.subarray(2, 5), [3, 4, 5]],
      [new DataView(buffer, 1, 2), [2, 3]],
      [new Uint16Array(buffer, 2, 1), [3, 4]],
      [new Float64Array(buffer, 8, 1), [9, 10, 11, 12, 13, 14, 15, 16]],
      [new Uint8ClampedArray(buffer, 0, 1), [1]],
      [shared, [1, 2, 3, 4]],
      [new Uint8Array(shared, 1, 2), [2, 3]],
      [Buffer.from([7]), [7]],
      [new Uint8Array(0), []],
    ];
    for (const [data, expected] of cases) {
      for (const send of [(c) => c.sendBinary(data), (c) => c.sendFragment(data, true), (c) => c.ping(data), (c) => c.pong(data)]) {
        const server = new Connection('server');
        send(server);
        const [event] = new Connection('client').receive(server.flush());
        assert.deepEqual([...event.data], expected);
      }
    }
  });
  test('of handshakes', () => {
    assert.throws(() => acceptKey(5), TypeError);
    for (const value of ['x', 5, null]) assert.throws(() => new ServerHandshake().receive(value), TypeError);
    assert.throws(() => asked().refuse('x'), TypeError);
    for (const status of [101, 199, 600, 403.5, NaN]) assert.throws(() => asked().refuse(status), { name: 'RangeError', message: /from 200 to 599/ });
    assert.throws(() => asked().refuse(403, [['a b', 'c']]), TypeError);
    for (const address of ['x', 'http://a/', '']) assert.throws(() => new ClientHandshake(address), TypeError);
    assert.throws(() => asked().accept({ subprotocol: 'other' }), { name: 'TypeError', message: 'subprotocol was not offered' });
  });
});

test('a compatibility flag that means nothing here is told once', async () => {
  const warnings = [];
  process.on('warning', (warning) => warnings.push([warning.code, warning.message]));
  for (let i = 0; i < 3; i++) forCompatibilityDate('2026-11-17', ['web_socket_compresion', 'nodejs_compat', 'web_socket_manual_reply_to_close']);
  await once(process, 'warning');
  await new Promise(setImmediate);
  assert.deepEqual(warnings, [['WSPAIR_FLAG', 'The compatibility flag "web_socket_compresion" changes nothing in wspair.']]);
  assert.throws(() => forCompatibilityDate('2026-11-17', 'pedantic_wpt'), TypeError);
  assert.throws(() => forCompatibilityDate(5), TypeError);
});

describe('serve', () => {
  const own = { port: ['8787', null, range('', -1, 65_536, 0.5, NaN, Infinity)], host: [5, null], tls: ['x', null, true], headTimeout: milliseconds };
  for (const [path, values] of Object.entries({ ...servers, ...own })) {
    test(`refuses what ${path} cannot be, before it listens`, async () => {
      for (const given of values) {
        const [name, refuses] = given instanceof Range ? ['RangeError', given.values] : ['TypeError', [given]];
        for (const value of refuses) await assert.rejects(serve(() => {}, { port: 0, ...nested(path, value) }), { name, message: new RegExp(`"${path}"|origin`) });
      }
    });
  }
  test('says what there is where a name is unknown', async () => {
    await assert.rejects(serve(() => {}, { prot: 1 }), { name: 'TypeError', message: /^"prot" is no option of serve\. There are: port, host, / });
    await assert.rejects(serve(() => {}, { limits: { maxPayload: 5 } }), { name: 'TypeError', message: /^"limits\.maxPayload" is no option of serve\. There are: limits\.maxMessage, / });
    await assert.rejects(serve(() => {}, { limits: { autoClose: true } }), { name: 'TypeError' });
    await assert.rejects(serve(() => {}, null), { name: 'TypeError' });
    for (const worker of [undefined, null, {}, 5, 'x']) await assert.rejects(serve(worker), { name: 'TypeError', message: /^a Worker is an object with a method fetch/ });
  });
  test('and upgrade refuse alike; close, too', async () => {
    assert.throws(() => upgrade({}, {}, Buffer.alloc(0), () => {}, { origin: [] }), { name: 'TypeError', message: /^"origin" is no option of upgrade/ });
    assert.throws(() => upgrade({}, {}, Buffer.alloc(0), { fetch() {} }), { name: 'TypeError', message: /^upgrade takes a function/ });
    const served = await serve(() => {}, { port: 0 });
    await assert.rejects(served.close({ deadline: -1 }), { name: 'RangeError' });
    await assert.rejects(served.close({ within: 1 }), { name: 'TypeError' });
    await assert.rejects(upgrader(() => {}).close({ deadline: 'x' }), { name: 'TypeError' });
    await served.close({ deadline: 0 });
  });
});

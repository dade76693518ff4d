// An end on a wire, as the network code sees it.
const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { WebSocket, WebSocketPair } = require('wspair');
const { ClientEnd, endOnWire, newest, takeEnd } = require('../dist/internal.js');

const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};
const coupled = () => {
  const [local, given] = Object.values(new WebSocketPair());
  const wire = takeEnd(given);
  local.accept();
  local.binaryType = 'arraybuffer';
  const seen = [];
  for (const type of ['open', 'message', 'close', 'error']) {
    local.addEventListener(type, (event) => seen.push([type, event.data ?? event.code ?? event.message, event.target.readyState]));
  }
  return { local, given, wire, seen };
};
const drain = (wire) => {
  const out = [];
  for (let next; (next = wire.outgoing()); wire.sent()) out.push(next);
  return out;
};

describe('a wire', () => {
  test('shows what goes out, in order, until it is sent', () => {
    const { local, wire } = coupled();
    let told = 0;
    wire.onoutgoing = () => told++;
    local.send('text');
    local.send(new Uint8Array([1, 2]));
    local.close(3000, 'bye');
    assert.equal(told, 3);
    assert.equal(local.bufferedAmount, 6);
    assert.deepEqual(wire.outgoing(), wire.outgoing());
    assert.deepEqual(drain(wire), [
      { kind: 'message', message: 'text' },
      { kind: 'message', message: new Uint8Array([1, 2]).buffer },
      { kind: 'close', code: 3000, reason: 'bye' },
    ]);
    assert.equal(local.bufferedAmount, 0);
    wire.sent();
    assert.equal(wire.outgoing(), undefined);
  });
  test('has what was queued before the end was given', () => {
    const [local, given] = Object.values(new WebSocketPair());
    local.accept();
    local.send('early');
    local.close();
    const wire = takeEnd(given);
    assert.deepEqual(drain(wire), [
      { kind: 'message', message: 'early' },
      { kind: 'close', code: undefined, reason: '' },
    ]);
  });
  test('delivers messages and the close, and takes the answer', async () => {
    const { wire, seen } = coupled();
    wire.deliver('one', 3);
    wire.deliver(new Uint8Array([7]).buffer, 1);
    wire.deliverClose(1000, 'done');
    await settle();
    assert.deepEqual(seen, [['message', 'one', 1], ['message', new Uint8Array([7]).buffer, 1], ['close', 1000, 3]]);
    assert.deepEqual(drain(wire), [{ kind: 'close', code: 1000, reason: 'done' }]);
  });
  test('that is lost gives 1006', async () => {
    const { local, wire, seen } = coupled();
    wire.lost();
    await settle();
    assert.deepEqual(seen, [['close', 1006, 1]]);
    assert.equal(local.send('ignored'), undefined);
  });
  test('that fails gives an error and no close', async () => {
    const { wire, seen } = coupled();
    wire.deliver('before', 6);
    wire.failed(new Error('too big'));
    await settle();
    assert.deepEqual(seen, [['message', 'before', 1], ['error', 'Uncaught Error: too big', 3]]);
  });
  test('is dropped when a listener throws', async () => {
    const { local, wire } = coupled();
    require('../dist/internal.js').setReporter(() => {});
    local.addEventListener('message', () => {
      throw new Error('listener');
    });
    wire.deliver('x', 1);
    await settle();
    assert.deepEqual(drain(wire), [{ kind: 'disconnect' }]);
  });
  test('is congested while the end does not take, and told when it does', async () => {
    const { wire } = coupled();
    let drained = 0;
    wire.ondrained = () => drained++;
    wire.deliver(new ArrayBuffer(2 << 20), 2 << 20);
    assert.equal(wire.isCongested, true);
    await settle();
    assert.equal(drained, 1);
    assert.equal(wire.isCongested, false);
  });
  test('cannot be had of an end that is in use', () => {
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    assert.throws(() => takeEnd(a), { message: "Can't return WebSocket in a Response after calling accept()." });
    takeEnd(b);
    assert.throws(() => takeEnd(b), { message: "Can't return WebSocket that was already used in a response." });
    assert.throws(() => b.accept(), { message: "Can't accept() WebSocket that was already used in a response." });
    assert.equal(b.readyState, 1);
    assert.deepEqual([b.send('x'), b.close()], [undefined, undefined]);
  });
  test('joins another: a fetched end can be returned', () => {
    const inner = endOnWire(newest);
    const outer = takeEnd(inner.socket);
    inner.wire.deliver('through', 7);
    assert.deepEqual(drain(outer), [{ kind: 'message', message: 'through' }]);
    outer.deliverClose(4000, 'back');
    assert.deepEqual(drain(inner.wire), [{ kind: 'close', code: 4000, reason: 'back' }]);
  });
});

describe('the end of a client', () => {
  const connecting = () => {
    const end = new ClientEnd(newest.shell, 'ws://host/');
    const socket = newest.sockets.face(end);
    const seen = [];
    for (const type of ['open', 'message', 'close', 'error']) {
      socket.addEventListener(type, (event) => seen.push([type, event.data ?? event.code ?? event.message, socket.readyState]));
    }
    return { end, socket, seen };
  };
  test('while connecting', () => {
    const { end, socket } = connecting();
    let aborted = 0;
    end.onabort = () => aborted++;
    assert.ok(socket instanceof WebSocket);
    assert.deepEqual([socket.readyState, socket.url, socket.protocol], [0, 'ws://host/', '']);
    assert.throws(() => socket.accept(), { message: "Websockets obtained from the 'new WebSocket()' constructor cannot call accept" });
    assert.throws(() => socket.send('x'), { message: /^You must call one of accept\(\)/ });
    assert.throws(() => socket.close(999), { message: 'Invalid WebSocket close code: 999.' });
    assert.throws(() => takeEnd(socket), { message: "Can't return WebSocket in a Response if it was created with `new WebSocket()`" });
    assert.equal(aborted, 0);
    socket.close();
    assert.equal(aborted, 1);
  });
  test('opens before anything else arrives', async () => {
    const { end, socket, seen } = connecting();
    end.opened('chat', null);
    end.wire.deliver('first', 5);
    assert.equal(socket.readyState, 0);
    await settle();
    assert.deepEqual(seen, [['open', undefined, 1], ['message', 'first', 1]]);
    assert.deepEqual([socket.protocol, socket.extensions, socket.accept()], ['chat', null, undefined]);
    socket.send('out');
    socket.close(3000);
    assert.deepEqual(drain(end.wire).map(({ kind }) => kind), ['message', 'close']);
  });
  test('that is refused', async () => {
    const { end, socket, seen } = connecting();
    end.refused(new TypeError('404'));
    await settle();
    assert.deepEqual(seen, [['error', 'Uncaught TypeError: 404', 3], ['close', 1006, 3]]);
    assert.deepEqual([socket.send('x'), socket.close()], [undefined, undefined]);
  });
});

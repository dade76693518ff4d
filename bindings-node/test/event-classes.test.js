// The event classes: what their constructors take, and what their objects show. Values and texts are
// those of the real runtime.
const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { forCompatibilityDate, ...wspair } = require('wspair');

const classes = ['Event', 'MessageEvent', 'CloseEvent', 'ErrorEvent'];

for (const name of classes) {
  const Class = wspair[name];
  const made = (init) => {
    const { bubbles, cancelable, composed } = new Class('x', init);
    return [bubbles, cancelable, composed];
  };

  describe(name, () => {
    const cases = [
      ['nothing', undefined, [false, false, false]],
      ['null', null, [false, false, false]],
      ['all', { bubbles: true, cancelable: true, composed: true }, [true, true, true]],
      ['one of them', { cancelable: true }, [false, true, false]],
      ['what converts to true', { bubbles: 1, cancelable: 'no', composed: {} }, [true, true, true]],
      ['what converts to false', { bubbles: NaN, cancelable: '', composed: null }, [false, false, false]],
      ['inherited members', Object.create({ bubbles: true }), [true, false, false]],
      ['a function', Object.assign(() => {}, { composed: true }), [false, false, true]],
    ];
    for (const [what, init, expected] of cases) {
      test(`takes ${what}`, () => assert.deepEqual(made(init), expected));
    }
    test('reads the members once each, those of Event first', () => {
      const own = { Event: [], MessageEvent: ['data', 'origin', 'lastEventId', 'source', 'ports'], CloseEvent: ['code', 'reason', 'wasClean'], ErrorEvent: ['message', 'filename', 'lineno', 'colno', 'error'] };
      const seen = [];
      new Class('x', new Proxy({}, { get: (_target, key) => void seen.push(key) }));
      assert.deepEqual(seen, ['bubbles', 'cancelable', 'composed', ...own[name]]);
    });
    test('converts the type before it looks at the rest', () => {
      const type = { toString: () => { throw new RangeError('type'); } };
      assert.throws(() => new Class(type, 5), RangeError);
      assert.throws(() => new Class(Symbol('x')), TypeError);
      assert.equal(new Class(null).type, 'null');
      assert.equal(new Class('a\ud800').type, 'a\ufffd\ufffd\ufffd');
    });
    test('lets an exception of a getter through', () => {
      assert.throws(() => new Class('x', { get bubbles() { throw new RangeError('mine'); } }), RangeError);
    });
    test('shows nothing of a dispatch before one', () => {
      const event = new Class('x');
      assert.deepEqual([event.target, event.currentTarget, event.srcElement], [undefined, undefined, undefined]);
      assert.deepEqual([event.eventPhase, event.isTrusted, event.composedPath()], [0, false, []]);
    });
    test('preventDefault is for cancelable events only', () => {
      for (const cancelable of [true, false]) {
        const event = new Class('x', { cancelable });
        assert.equal(event.preventDefault(), undefined);
        assert.deepEqual([event.defaultPrevented, event.returnValue], [cancelable, !cancelable]);
      }
    });
    test('only stopPropagation and the property itself show in cancelBubble', () => {
      const event = new Class('x');
      event.stopImmediatePropagation();
      assert.equal(event.cancelBubble, false);
      event.stopPropagation();
      assert.equal(event.cancelBubble, true);
      event.cancelBubble = 0;
      assert.equal(event.cancelBubble, false);
    });
    test('its members refuse other objects', () => {
      const message = /^Illegal invocation: function called with incorrect `this` reference\. See https:/;
      for (const [key, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Class.prototype))) {
        const member = get ?? (key !== 'constructor' && typeof value === 'function' && value);
        if (!member) continue;
        for (const other of [{}, null, undefined, 5, Class.prototype]) {
          assert.throws(() => member.call(other), { name: 'TypeError', message }, key);
        }
      }
    });
    test('can be extended', () => {
      class Mine extends Class {
        mine = 1;
      }
      const event = new Mine('x', { cancelable: true });
      assert.ok(event instanceof Class && event instanceof wspair.Event);
      assert.deepEqual([event.mine, event.cancelable, event.constructor], [1, true, Mine]);
    });
  });
}

describe('what the fields take', () => {
  const field = (name, key, value) => new wspair[name]('x', { [key]: value })[key];
  const cases = [
    ['MessageEvent', 'data', undefined, null],
    ['MessageEvent', 'data', 0, 0],
    ['MessageEvent', 'origin', null, 'null'],
    ['MessageEvent', 'origin', 'a\ud800', 'a\ufffd'],
    ['MessageEvent', 'lastEventId', 5, '5'],
    ['MessageEvent', 'lastEventId', 'a\ud800', 'a\ufffd\ufffd\ufffd'],
    ['MessageEvent', 'source', null, null],
    ['CloseEvent', 'code', '12', 12],
    ['CloseEvent', 'code', 5.9, 5],
    ['CloseEvent', 'code', -1, -1],
    ['CloseEvent', 'code', NaN, 0],
    ['CloseEvent', 'reason', 'a\ud800', 'a\ufffd'],
    ['CloseEvent', 'wasClean', 'no', true],
    ['ErrorEvent', 'message', undefined, ''],
    ['ErrorEvent', 'message', 'a\ud800', 'a\ufffd\ufffd\ufffd'],
    ['ErrorEvent', 'lineno', '7', 7],
    ['ErrorEvent', 'error', undefined, undefined],
    ['ErrorEvent', 'error', null, null],
  ];
  for (const [name, key, value, expected] of cases) {
    test(`${name}: ${key} of ${JSON.stringify(value)}`, () => assert.equal(field(name, key, value), expected));
  }
  test('ports are message ports, in a list of the event’s own', () => {
    const { port1 } = new MessageChannel();
    const given = [port1];
    const { ports } = new wspair.MessageEvent('x', { ports: given, source: port1 });
    assert.deepEqual([ports.length, ports[0] === port1, ports === given], [1, true, false]);
    const text = (index) => `Incorrect type for array element ${index}: the provided value is not of type 'MessagePort'.`;
    assert.throws(() => field('MessageEvent', 'ports', [port1, 5]), { name: 'TypeError', message: text(1) });
    assert.throws(() => field('MessageEvent', 'source', {}), { name: 'TypeError' });
    port1.close();
  });
});

describe('what an event shows of itself', () => {
  test('the fields of messages and closes are its own', () => {
    const message = new wspair.MessageEvent('message', { data: 'hi' });
    assert.equal(JSON.stringify(message), '{"ports":[],"source":null,"lastEventId":"","origin":"","data":"hi"}');
    const close = new wspair.CloseEvent('close', { code: 1000, reason: 'bye', wasClean: true });
    assert.deepEqual({ ...close }, { wasClean: true, reason: 'bye', code: 1000 });
    assert.deepEqual(Object.keys(new wspair.ErrorEvent('error')), []);
    assert.deepEqual(Object.keys(new wspair.Event('x')), []);
  });
  test('constants may be replaced, as those of the runtime', () => {
    for (const [holder, key] of [[wspair.Event, 'AT_TARGET'], [wspair.WebSocket, 'OPEN'], [wspair.WebSocket.prototype, 'OPEN']]) {
      const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(holder, key);
      assert.deepEqual([writable, enumerable, configurable], [false, true, true]);
    }
  });
  test('nothing of Node’s own Event shines through', () => {
    assert.equal(new wspair.Event('x').initEvent, undefined);
  });
  test('pedantic: returnValue can be set', () => {
    const { Event } = forCompatibilityDate('2026-11-17', ['pedantic_wpt']);
    const event = new Event('x', { cancelable: true });
    event.returnValue = true;
    assert.equal(event.defaultPrevented, false);
    event.returnValue = false;
    assert.equal(event.defaultPrevented, true);
  });
});

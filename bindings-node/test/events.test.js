// Event targets beside what the conformance scenarios see of them.
const assert = require('node:assert/strict');
const { on } = require('node:events');
const { describe, test } = require('node:test');
const { forCompatibilityDate, EventTarget, Event, MessageEvent, WebSocketPair } = require('wspair');

const NodeEvent = globalThis.Event;

describe('dispatch', () => {
  test('refuses an event that is in dispatch', () => {
    const target = new EventTarget();
    const event = new Event('x');
    let caught;
    target.addEventListener('x', () => {
      try {
        target.dispatchEvent(event);
      } catch (error) {
        caught = error;
      }
    });
    target.dispatchEvent(event);
    assert.deepEqual([caught.name, caught.message, caught.code], ['InvalidStateError', 'The event is already being dispatched.', 11]);
    assert.equal(target.dispatchEvent(event), true);
  });
  test('stops at once when the event was stopped before, and in an on-property', () => {
    const target = new EventTarget();
    let runs = 0;
    target.onx = (event) => event.stopImmediatePropagation();
    target.addEventListener('x', () => runs++);
    target.dispatchEvent(new Event('x'));
    const stopped = new Event('y');
    stopped.stopImmediatePropagation();
    target.addEventListener('y', () => runs++);
    target.dispatchEvent(stopped);
    assert.equal(runs, 0);
  });
  test('aborting a signal in a listener skips the later one', () => {
    const target = new EventTarget();
    const controller = new AbortController();
    let runs = 0;
    target.addEventListener('x', () => controller.abort());
    target.addEventListener('x', () => runs++, { signal: controller.signal });
    target.dispatchEvent(new Event('x'));
    assert.equal(runs, 0);
  });
  test('a listener that is removed lets its signal go', () => {
    const target = new EventTarget();
    const { signal } = new AbortController();
    let added = 0;
    signal.addEventListener = () => added++;
    signal.removeEventListener = () => added--;
    const listener = () => {};
    target.addEventListener('x', listener, { signal });
    assert.equal(added, 1);
    target.removeEventListener('x', listener);
    assert.equal(added, 0);
  });
  test('a listener that is removed and added again meanwhile still runs', () => {
    const target = new EventTarget();
    const seen = [];
    const second = () => seen.push('second');
    target.addEventListener('x', () => {
      target.removeEventListener('x', second);
      target.addEventListener('x', second);
    });
    target.addEventListener('x', second);
    target.addEventListener('x', () => seen.push('third'));
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
    assert.deepEqual(seen, ['second', 'third', 'third', 'second']);
  });
  test('tells of preventDefault, of this dispatch alone', () => {
    const target = new EventTarget();
    const event = new Event('x', { cancelable: true });
    event.preventDefault();
    assert.equal(target.dispatchEvent(event), true);
    assert.equal(event.defaultPrevented, false);
    target.addEventListener('x', (event) => event.preventDefault(), { once: true });
    assert.equal(target.dispatchEvent(event), false);
    assert.equal(event.defaultPrevented, true);
  });
  for (const Class of [Event, globalThis.Event]) {
    test(`a passive listener prevents nothing, of ${Class === Event ? 'these' : 'the global'} events`, () => {
      const target = new EventTarget();
      const event = new Class('x', { cancelable: true });
      let inside;
      target.addEventListener('x', (event) => (event.preventDefault(), (inside = event.defaultPrevented)), { passive: true });
      assert.deepEqual([target.dispatchEvent(event), event.defaultPrevented, inside], [true, false, false]);
      target.addEventListener('x', (event) => event.preventDefault());
      assert.deepEqual([target.dispatchEvent(event), event.defaultPrevented], [false, true]);
    });
  }
  test('what is no listener may ask for anything', () => {
    const target = new EventTarget();
    target.addEventListener('x', null, { capture: true });
    assert.throws(() => target.addEventListener('x', null, { signal: 5 }), TypeError);
  });
  test('names of types are taken alike by events and listeners', () => {
    const target = new EventTarget();
    let runs = 0;
    target.addEventListener('\ud800', () => runs++);
    target.dispatchEvent(new Event('\ud800'));
    assert.equal(runs, 1);
  });
  test('reads a handler object in the order of the runtime', () => {
    const seen = [];
    const watch = (name, value) => ({ enumerable: true, get: () => (seen.push(name), value) });
    const listener = Object.defineProperties({}, { handleEvent: watch('handleEvent', () => {}) });
    const options = Object.defineProperties({}, {
      capture: watch('capture'), passive: watch('passive'), once: watch('once'), signal: watch('signal'),
    });
    const type = { toString: () => (seen.push('type'), 'x') };
    new EventTarget().addEventListener(type, listener, options);
    assert.deepEqual(seen, ['type', 'handleEvent', 'capture', 'passive', 'once', 'signal']);
  });
});

describe('beside Node\'s own classes', () => {
  test('events and targets are instances of the global ones', () => {
    assert.ok(new MessageEvent('message') instanceof NodeEvent);
    assert.ok(new WebSocketPair()[0] instanceof globalThis.EventTarget);
  });
  test('a global event can be dispatched at an end', () => {
    const [end] = Object.values(new WebSocketPair());
    const event = new NodeEvent('x', { cancelable: true });
    const seen = [];
    end.addEventListener('x', (e) => {
      seen.push(e === event, e.target === end, e.currentTarget === end, e.eventPhase, e.composedPath()[0] === end);
      e.preventDefault();
      e.stopImmediatePropagation();
    });
    end.addEventListener('x', () => seen.push('not reached'));
    assert.equal(end.dispatchEvent(event), false);
    assert.deepEqual(seen, [true, true, true, 2, true]);
    assert.deepEqual([event.target === end, event.eventPhase, event.composedPath().length], [true, 0, 0]);
  });
  test('a global target takes our events', () => {
    const target = new globalThis.EventTarget();
    let seen;
    target.addEventListener('x', (event) => (seen = event.data));
    target.dispatchEvent(new MessageEvent('x', { data: 5 }));
    assert.equal(seen, 5);
  });
  test('events.on iterates over messages', async () => {
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    b.accept();
    const messages = on(b, 'message');
    a.send('one');
    a.send('two');
    for (const text of ['one', 'two']) assert.equal((await messages.next()).value[0].data, text);
  });
});

describe('compatibility', () => {
  test('flags switch single behaviours', () => {
    const { WebSocketPair } = forCompatibilityDate('2026-11-17', ['no_websocket_standard_binary_type', 'nodejs_compat']);
    const pair = new WebSocketPair();
    assert.equal(pair[0].binaryType, 'arraybuffer');
    assert.equal(String(pair), '[object WebSocketPair]');
  });
  test('one behaviour is one set of classes', () => {
    const [a, b] = [forCompatibilityDate('2025-01-01'), forCompatibilityDate('2025-01-02')];
    assert.equal(a.WebSocket, b.WebSocket);
    assert.equal(forCompatibilityDate('2026-11-17').WebSocketPair, WebSocketPair);
  });
  test('pedantic: codes from 3000, and no current target afterwards', async () => {
    const { WebSocketPair } = forCompatibilityDate('2026-11-17', ['pedantic_wpt']);
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    b.accept();
    assert.throws(() => a.close(1001), { name: 'InvalidAccessError' });
    const event = await new Promise((resolve) => ((b.onclose = resolve), a.close(3000)));
    await null;
    assert.equal(event.target, b);
    assert.equal(event.currentTarget, null);
  });
  test('before 2022-01-31 the properties are own ones', () => {
    const { WebSocket, WebSocketPair } = forCompatibilityDate('2021-12-01');
    const [a] = Object.values(new WebSocketPair());
    assert.deepEqual(Object.keys(a), ['binaryType', 'extensions', 'protocol', 'url', 'bufferedAmount', 'readyState']);
    assert.equal(JSON.stringify(a), '{"binaryType":"arraybuffer","extensions":"","protocol":"","url":null,"bufferedAmount":0,"readyState":1}');
    assert.ok(!('readyState' in WebSocket.prototype));
  });
  test('in the old order a throw ends the dispatch', () => {
    const { EventTarget, Event } = forCompatibilityDate('2023-01-01');
    const target = new EventTarget();
    target.addEventListener('x', function () {
      assert.equal(this, globalThis);
      throw new RangeError('first');
    });
    target.addEventListener('x', () => assert.fail('reached'));
    assert.throws(() => target.dispatchEvent(new Event('x')), RangeError);
  });
  test('a date that is none', () => {
    for (const date of ['2026', '2026-13-01', 'today', '2026-1-1']) assert.throws(() => forCompatibilityDate(date), TypeError);
  });
});

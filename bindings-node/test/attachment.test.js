// What an end keeps for a program: a structured clone, and what cannot be one. Texts and sizes are
// those of the real runtime.
const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const wspair = require('wspair');

const { WebSocketPair, Event, EventTarget, MessageEvent, CloseEvent, ErrorEvent } = wspair;
const end = () => new WebSocketPair()[0];
const throwsText = (fn, message, name = 'TypeError') => assert.throws(fn, { name, message });
const cloneError = { name: 'DataCloneError', code: 25 };
const unsupported = (name) => `Could not serialize object of type "${name}". This type does not support serialization.`;

describe('attachments', () => {
  test('count as the serializer counts', () => {
    const a = end();
    const text = (n) => `A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was ${n} bytes.`;
    throwsText(() => a.serializeAttachment(), "Failed to execute 'serializeAttachment' on 'WebSocket': parameter 1 is not of type 'Value'.");
    throwsText(() => a.serializeAttachment('é'.repeat(16380)), text(16385), 'Error');
    throwsText(() => a.serializeAttachment('漢'.repeat(8192)), text(16390), 'Error');
    throwsText(() => a.serializeAttachment(new Uint8Array(16384)), text(16397), 'Error');
    throwsText(() => a.serializeAttachment({ a: 'x'.repeat(16384) }), text(16396), 'Error');
  });

  const cloneable = {
    'a date': new Date(5),
    'a map of sets': new Map([['a', new Set([1, 2])]]),
    'a view on a part of a buffer': new Uint8Array([1, 2, 3]).subarray(1),
    'a Buffer': Buffer.alloc(3, 1),
    'a sparse array': [1, , 3],
    'an object without a prototype': Object.assign(Object.create(null), { a: 1 }),
    'an object of an own class': new (class Own { a = 1; get b() { return 2; } })(),
    'numbers and nothing': [5, -0, NaN, 5n, null, undefined, true],
    'boxed values': [new Number(5), new String('x')],
    'a getter': { get a() { return 7; } },
  };
  for (const [what, value] of Object.entries(cloneable)) {
    test(`take ${what}`, () => {
      const a = end();
      a.serializeAttachment(value);
      assert.deepEqual(a.deserializeAttachment(), structuredClone(value));
      assert.notEqual(a.deserializeAttachment(), value);
    });
  }
  test('keep errors, with what was added to them, wherever they are', () => {
    const a = end();
    const cause = Object.assign(new RangeError('inner', { cause: new Date(5) }), { code: 7 });
    const error = Object.assign(new Error('outer', { cause }), { name: 'Odd', list: [1, { cause }] });
    const many = new AggregateError([error, new DOMException('d', 'AbortError')], 'many');
    const value = { error, map: new Map([[error, new Set([cause])]]), many, list: [, error], bytes: new Uint8Array([1]), __proto__: null };
    value.self = value;
    a.serializeAttachment(value);
    const got = a.deserializeAttachment();
    const { error: copy } = got;
    assert.ok(copy instanceof Error && copy !== error && got.self === got);
    assert.deepEqual([copy.message, copy.name, copy.stack], ['outer', 'Odd', error.stack]);
    assert.ok(copy.cause instanceof RangeError && copy.cause.message === 'inner' && copy.cause.code === 7);
    assert.deepEqual(copy.cause.cause, new Date(5));
    assert.ok(copy.list[1].cause === copy.cause && got.list[1] === copy && !(0 in got.list));
    const [[key, set]] = got.map;
    assert.ok(key === copy && set.has(copy.cause));
    assert.ok(got.many instanceof AggregateError && got.many.errors[0] === copy);
    assert.ok(got.many.errors[1] instanceof DOMException && got.many.errors[1].name === 'AbortError');
    assert.deepEqual(got.bytes, new Uint8Array([1]));
    const stored = Object.assign(new Error('m'), { message: 5 });
    assert.throws(() => a.serializeAttachment(stored), { ...cloneError, message: 'Deserialization failed: error message is not a string' });
  });
  test('keep cycles and identities', () => {
    const a = end();
    const shared = {};
    const value = { first: shared, second: shared };
    value.self = value;
    a.serializeAttachment(value);
    const got = a.deserializeAttachment();
    assert.ok(got.self === got && got.first === got.second && got.first !== shared);
  });
  test('take values as deep as they fit', () => {
    const a = end();
    let deep = [];
    for (let i = 0; i < 1_000; i++) deep = [deep];
    a.serializeAttachment(deep);
    assert.equal(a.deserializeAttachment().length, 1);
  });

  const { signal } = new AbortController();
  const platform = {
    WebSocket: end(),
    WebSocketPair: new WebSocketPair(),
    EventTarget: new EventTarget(),
    Event: new Event('x'),
    MessageEvent: new MessageEvent('x'),
    CloseEvent: new CloseEvent('x'),
    ErrorEvent: new ErrorEvent('x'),
    Response: new wspair.Response('x'),
    Request: new Request('http://example.org/'),
    Headers: new Headers(),
    URL: new URL('http://example.org/'),
    URLSearchParams: new URLSearchParams('a=b'),
    FormData: new FormData(),
    Blob: new Blob(['x']),
    AbortController: new AbortController(),
    TextEncoder: new TextEncoder(),
    TransformStream: new TransformStream(),
    CompressionStream: new CompressionStream('gzip'),
    Crypto: crypto,
    Mine: new (class Mine extends Headers {})(),
    Ours: new (class Ours extends EventTarget {})(),
  };
  for (const [name, object] of Object.entries(platform)) {
    test(`refuse ${name}, wherever it is`, () => {
      const a = end();
      a.serializeAttachment('before');
      const places = [object, { a: [{ object }] }, new Map([['key', object]]), new Map([[object, 1]]), new Set([object]), { get late() { return object; } }];
      for (const value of places) {
        assert.throws(() => a.serializeAttachment(value), { ...cloneError, message: unsupported(name) });
      }
      assert.equal(a.deserializeAttachment(), 'before');
    });
  }
  test('refuse global objects of Node that are not ours', () => {
    for (const object of [new globalThis.Event('x'), new globalThis.EventTarget(), new globalThis.Response('x')]) {
      assert.throws(() => end().serializeAttachment({ object }), cloneError);
    }
  });
  test('say of streams and signals what the runtime says', () => {
    throwsText(() => end().serializeAttachment(new ReadableStream()), 'ReadableStream can only be serialized for RPC.', 'DataCloneError');
    throwsText(() => end().serializeAttachment(new WritableStream()), 'WritableStream can only be serialized for RPC.', 'DataCloneError');
    throwsText(() => end().serializeAttachment({ signal }), 'AbortSignal serialization is not enabled.', 'DataCloneError');
  });
  test('refuse what the language says cannot be cloned', () => {
    const { proxy } = Proxy.revocable({}, {});
    for (const value of [Symbol('s'), () => {}, class {}, Promise.resolve(), new WeakMap(), new WeakRef({}), [].values(), proxy]) {
      assert.throws(() => end().serializeAttachment([value]), cloneError);
    }
    throwsText(() => end().serializeAttachment(Symbol('s')), 'Symbol(s) could not be cloned.', 'DataCloneError');
  });
  test('let exceptions of getters through', () => {
    assert.throws(() => end().serializeAttachment({ get a() { throw new RangeError('mine'); } }), RangeError);
  });
});

test('structuredClone refuses ends and pairs', { skip: !require('node:worker_threads').markAsUncloneable && 'from Node 22.10 on' }, () => {
  for (const value of [end(), new WebSocketPair(), { nested: [end()] }, new EventTarget()]) {
    assert.throws(() => structuredClone(value), cloneError);
  }
});

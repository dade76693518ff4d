// What the conformance scenarios leave open. Texts and orders are those of the real runtime.
const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { inspect } = require('node:util');
const { describe, test } = require('node:test');
const wspair = require('wspair');
const { setReporter } = require('../dist/internal.js');

const { WebSocket, WebSocketPair, EventTarget, Event, MessageEvent, CloseEvent, ErrorEvent } = wspair;

const reported = [];
setReporter((error) => reported.push(error));

// Events are immediates, so this waits for all of them and for no clock.
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};
const accepted = (Pair = WebSocketPair) => {
  const ends = Object.values(new Pair());
  for (const end of ends) end.accept();
  return ends;
};
const throwsText = (fn, message, name = 'TypeError') => assert.throws(fn, { name, message });

describe('calls on something else', () => {
  const text =
    'Illegal invocation: function called with incorrect `this` reference. ' +
    'See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.';
  const others = [{}, undefined, null, 5, new EventTarget()];

  for (const method of ['accept', 'send', 'close', 'serializeAttachment', 'deserializeAttachment']) {
    test(`WebSocket.prototype.${method}`, () => {
      for (const other of others) throwsText(() => WebSocket.prototype[method].call(other), text);
    });
  }
  for (const property of ['readyState', 'url', 'protocol', 'extensions', 'binaryType', 'bufferedAmount']) {
    test(`WebSocket.prototype's ${property}`, () => {
      const { get } = Object.getOwnPropertyDescriptor(WebSocket.prototype, property);
      for (const other of others) throwsText(() => get.call(other), text);
    });
  }
  for (const method of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    test(`EventTarget.prototype.${method}`, () => {
      for (const other of others.slice(0, -1)) throwsText(() => EventTarget.prototype[method].call(other, 'x', () => {}), text);
    });
  }
  test('the iterator of a pair', () => {
    throwsText(() => WebSocketPair.prototype[Symbol.iterator].call({}), text);
  });
  test('libraries may call a method of the prototype on an end', () => {
    const [a, b] = Object.values(new WebSocketPair());
    WebSocket.prototype.accept.call(a);
    WebSocket.prototype.send.call(a, 'x');
    assert.equal(a.bufferedAmount, 1);
    assert.equal(b.readyState, 1);
  });
});

describe('arguments', () => {
  test('classes are called with new', () => {
    for (const Class of [WebSocketPair, WebSocket, EventTarget, Event, MessageEvent, CloseEvent, ErrorEvent]) {
      const text = `Failed to construct '${Class.name}': Please use the 'new' operator, this object constructor cannot be called as a function.`;
      throwsText(() => Class('x'), text);
      assert.equal(Class.length, 0);
    }
  });
  test('of the event classes', () => {
    for (const [Class, dictionary] of [[Event, 'Init'], [MessageEvent, 'Initializer'], [CloseEvent, 'Initializer'], [ErrorEvent, 'ErrorEventInit']]) {
      throwsText(() => new Class(), `Failed to construct '${Class.name}': constructor parameter 1 is not of type 'string'.`);
      throwsText(() => new Class('x', 5), `Failed to construct '${Class.name}': constructor parameter 2 is not of type '${dictionary}'.`);
      assert.equal(new Class('x', null).type, 'x');
    }
    assert.equal(new CloseEvent('x', { code: 70000 }).code, 70000);
    throwsText(() => new CloseEvent('x', { code: 1e10 }), 'Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
    throwsText(() => new MessageEvent('x', { ports: 5 }), "Incorrect type for the 'ports' field on 'Initializer': the provided value is not of type 'Array'.");
  });
  test('of responses', () => {
    const text = "Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'.";
    for (const init of [5, 'x', true, Symbol('s')]) throwsText(() => new wspair.Response('x', init), text);
    for (const init of [undefined, null, {}, () => {}]) assert.equal(new wspair.Response('x', init).status, 200);
    assert.deepEqual([wspair.Response.name, wspair.Response.length], ['Response', 0]);
  });
  test('of listeners', () => {
    const target = new EventTarget();
    throwsText(() => target.addEventListener('x', {}), "Incorrect type for the 'handleEvent' field on 'HandlerObject': the provided value is not of type 'function'.");
    throwsText(() => target.addEventListener('x', () => {}, 5), 'addEventListener(): useCapture must be false.');
    throwsText(() => target.addEventListener('x', () => {}, { signal: null }), "Incorrect type for the 'signal' field on 'AddEventListenerOptions': the provided value is not of type 'AbortSignal'.");
    throwsText(() => target.removeEventListener('x', 's'), "Failed to execute 'removeEventListener' on 'EventTarget': parameter 2 is not of type 'Object'.");
    throwsText(() => target.removeEventListener('x', () => {}, { capture: true }), 'removeEventListener(): options.capture must be false.');
    target.addEventListener('x', () => {}, null);
  });
  test('of close, at the edges of 32 bits', () => {
    const [a] = accepted();
    for (const [code, seen] of [[-(2 ** 31), -2147483648], [2 ** 31 - 0.5, 2147483647], [-0.5, 0]]) {
      throwsText(() => a.close(code), `Invalid WebSocket close code: ${seen}.`, 'InvalidAccessError');
    }
    throwsText(() => a.close(2 ** 31), 'Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
    throwsText(() => a.close(Symbol('s')), 'Cannot convert a Symbol value to a number');
  });
});

describe('the pair', () => {
  test('iterates its ends, whatever became of the keys', () => {
    const pair = new WebSocketPair();
    const ends = [pair[0], pair[1]];
    Object.defineProperty(pair, '0', { value: 'other' });
    assert.deepEqual([...pair].map((end, i) => end === ends[i]), [true, true]);
    assert.equal(Object.prototype.toString.call(pair[Symbol.iterator]()), '[object PairIterator]');
  });
  test('can be extended', () => {
    class Named extends WebSocketPair {
      name = 'n';
    }
    const pair = new Named();
    assert.ok(pair instanceof WebSocketPair && pair[1] instanceof WebSocket);
    assert.equal([...pair].length, 2);
  });
  test('prints what it is', () => {
    const [a] = Object.values(new WebSocketPair());
    a.session = 4;
    assert.match(inspect(a), /^WebSocket \{[^]*session: 4[^]*readyState: 1/);
    assert.match(inspect(new CloseEvent('close', { code: 1000 })), /^CloseEvent \{[^]*code: 1000/);
  });
});

describe('order', () => {
  test('a reply is delivered before the next request', async () => {
    const [a, b] = accepted();
    const seen = [];
    b.addEventListener('message', (event) => {
      seen.push(event.data);
      b.send(`re ${event.data}`);
    });
    a.addEventListener('message', (event) => seen.push(event.data));
    for (const request of ['1', '2', '3']) a.send(request);
    await settle();
    assert.deepEqual(seen, ['1', 're 1', '2', 're 2', '3', 're 3']);
  });
  test('ten thousand queued messages arrive in order, with microtasks between', async () => {
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    const seen = [];
    b.addEventListener('message', async (event) => {
      seen.push(event.data);
      await null;
      seen.push(`after ${event.data}`);
    });
    const sent = Array.from({ length: 10_000 }, (_, i) => String(i));
    for (const text of sent) a.send(text);
    a.close(1000);
    b.accept();
    await once(b, 'close');
    assert.deepEqual(seen, sent.flatMap((text) => [text, `after ${text}`]));
  });
  test('listeners see no async context of a sender', async () => {
    const storage = new AsyncLocalStorage();
    const seen = [];
    const [a, b] = storage.run('accept', () => accepted());
    storage.run('listen', () => b.addEventListener('message', () => seen.push(storage.getStore())));
    storage.run('send', () => a.send('x'));
    await settle();
    assert.deepEqual(seen, [undefined]);
  });
  test('a long queue does not make as many tasks at once', async () => {
    const [a, b] = Object.values(new WebSocketPair());
    a.accept();
    let got = 0;
    b.onmessage = () => got++;
    for (let i = 0; i < 200; i++) a.send('x');
    b.accept();
    await new Promise(setImmediate);
    assert.ok(got < 200);
    while (got < 200) await new Promise(setImmediate);
  });
  test('endless replies let timers and input through', async () => {
    const [a, b] = accepted();
    let rounds = 0;
    a.onmessage = () => a.readyState === 1 && (rounds++, a.send('x'));
    b.onmessage = () => b.send('x');
    a.send('x');
    // Would they let no timer through, this would not go on.
    while (rounds < 100) await new Promise((resolve) => setTimeout(resolve, 1));
    a.close(1000);
    await settle();
    assert.equal(a.readyState, 3);
  });
});

describe('exceptions of listeners', () => {
  class Special extends TypeError {
    name = 'Special';
  }
  const cases = [
    ['a string', 'str', 'Uncaught Error: str'],
    ['a number', 5, 'Uncaught Error: 5'],
    ['undefined', undefined, 'Uncaught Error: undefined'],
    ['null', null, 'Uncaught Error: null'],
    ['a symbol', Symbol('q'), 'Uncaught Error: Symbol(q)'],
    ['an error without text', new Error(), 'Uncaught Error'],
    ['an error of an own class', new Special('mm'), 'Uncaught Special: mm'],
  ];
  for (const [what, thrown, message] of cases) {
    test(`${what} fails the end`, async () => {
      const [a, b] = accepted();
      b.addEventListener('message', () => {
        throw thrown;
      });
      a.send('x');
      const [event] = await once(b, 'error');
      assert.equal(event.message, message);
      assert.ok(event.error instanceof Error);
      assert.equal(reported.pop(), thrown);
    });
  }
  test('of an on-property fails the end too', async () => {
    const [a, b] = accepted();
    const seen = [];
    b.onmessage = () => {
      seen.push('on');
      throw new Error('on');
    };
    b.addEventListener('message', () => seen.push('listener'));
    b.addEventListener('error', (event) => seen.push(event.message));
    a.addEventListener('close', (event) => seen.push(event.code));
    a.send('x');
    await settle();
    assert.deepEqual(seen, ['on', 'listener', 'Uncaught Error: on', 1006]);
  });
  // How the other end is accepted, has sent and closes must not matter.
  for (const order of ['ab', 'ba']) {
    for (const crossing of [[], ['c1'], ['c1', 'c2']]) {
      for (const closing of [false, true]) {
        const how = `${order}, ${crossing.length} crossing${closing ? ', closing' : ''}`;
        test(`the end's own error comes before the other one's close: ${how}`, async () => {
          const [a, b] = Object.values(new WebSocketPair());
          for (const end of order) (end === 'a' ? a : b).accept();
          const seen = [];
          a.addEventListener('message', ({ data }) => seen.push(`a ${data}`));
          a.addEventListener('close', ({ code }) => seen.push(`a ${code}`));
          b.addEventListener('error', () => seen.push('b error'));
          b.addEventListener('message', () => {
            seen.push('b message');
            throw new Error('t');
          });
          for (const text of crossing) b.send(text);
          a.send('x');
          if (closing) a.close(1000);
          await settle();
          assert.deepEqual(seen.filter((what) => !what.startsWith('a c')), ['b message', 'b error', 'a 1006']);
          assert.deepEqual(seen.filter((what) => what.startsWith('a c')), crossing.map((text) => `a ${text}`));
        });
      }
    }
  }
  test('what is sent first is told first, whoever was accepted first', async () => {
    for (const order of ['ab', 'ba']) {
      const [a, b] = Object.values(new WebSocketPair());
      for (const end of order) (end === 'a' ? a : b).accept();
      const seen = [];
      a.addEventListener('message', () => seen.push('a'));
      b.addEventListener('message', () => seen.push('b'));
      b.send('x');
      a.send('x');
      await settle();
      assert.deepEqual(seen, ['a', 'b']);
    }
  });
  test('after its own close the other end sees that close', async () => {
    const [a, b] = accepted();
    b.addEventListener('message', () => {
      b.close(3001, 'mine');
      throw new Error('t');
    });
    a.send('x');
    const [{ code, reason }] = await once(a, 'close');
    assert.deepEqual([code, reason], [3001, 'mine']);
  });
  test('rejections are reported and end nothing', async () => {
    const [a, b] = accepted();
    const failure = new Error('async');
    b.addEventListener('message', async () => {
      throw failure;
    });
    a.send('x');
    await settle();
    assert.equal(reported.pop(), failure);
    assert.deepEqual([a.readyState, b.readyState], [1, 1]);
  });
});

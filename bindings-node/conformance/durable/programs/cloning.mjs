// Values of every kind, through a call, into storage, and as an attachment: what is there on the other side.
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import { answers, line, show } from '../rows.mjs';

class Plain {
  a = 1;
}
class Child extends RpcTarget {
  hi() {
    return 'hi';
  }
}
class Listed extends Array {}
class Mapped extends Map {}
class Bytes extends Uint8Array {}
class Failure extends TypeError {
  name = 'Failure';
  code = 5;
}

/** What can be told apart of a value. */
function about(value) {
  if (value === null || typeof value !== 'object') return show(value);
  const keys = Object.keys(value).filter((key) => !(value instanceof DOMException) || !['code', 'name', 'message', 'stack'].includes(key));
  return `${Object.prototype.toString.call(value)} ${value.constructor?.name} ${show(value)} ${JSON.stringify(keys)}`;
}

/** Made anew for each way that a value goes. */
const values = {
  'a sparse array': () => [1, , 3],
  'an array with a name': () => Object.assign([1, 2], { name: 'x' }),
  'an array of a class of its own': () => Listed.from([1, 2]),
  'a map of a class of its own': () => new Mapped([[1, 2]]),
  'bytes of a class of their own': () => new Bytes([1, 2]),
  'arguments': () => (function () { return arguments; })(1, 2),
  'an object with a symbol': () => ({ [Symbol('s')]: 1, a: 2 }),
  'an object with what is not enumerable': () => Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }),
  'a getter that throws': () => ({ get a() { throw new RangeError('getter'); } }),
  'an object with a key __proto__': () => JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}'),
  'keys that look like numbers': () => ({ b: 1, 2: 'two', 1: 'one', a: 2 }),
  'a frozen object': () => Object.freeze({ a: Object.freeze([1]) }),
  'toJSON is not asked': () => ({ toJSON: undefined, a: 1 }),
  'an object of Object.create(plain)': () => Object.create({ a: 1 }, { b: { value: 2, enumerable: true } }),
  'an error with a cause': () => new Error('m', { cause: { why: new RangeError('inner') } }),
  'an error whose name was changed': () => Object.assign(new Error('m'), { name: 'RangeError' }),
  'an error with a name of its own': () => Object.assign(new Error('m'), { name: 'Odd' }),
  'an error of a class of its own': () => new Failure('m'),
  'an error without a message': () => new Error(),
  'an AggregateError': () => new AggregateError([new Error('a'), 2], 'm'),
  'a DOMException': () => new DOMException('m', 'AbortError'),
  'a DOMException of no name': () => new DOMException('m'),
  'dates': () => [new Date(NaN), new Date(-1), new Date(8.64e15)],
  'regular expressions': () => [Object.assign(/a/dgimsuy, { lastIndex: 3 }), /[a]/v],
  'boxed': () => [Object(1n), Object(true), Object('s'), Object(-0)],
  'a boxed symbol': () => Object(Symbol('s')),
  'a symbol that is well known': () => Symbol.iterator,
  'views of one buffer': () => {
    const { buffer } = new Uint8Array([1, 2, 3, 4]);
    return { buffer, a: new Uint8Array(buffer, 1, 2), b: new DataView(buffer, 2), c: new Float32Array(buffer) };
  },
  'a buffer that can grow': () => new ArrayBuffer(2, { maxByteLength: 8 }),
  'a detached buffer': () => {
    const buffer = new ArrayBuffer(2);
    structuredClone(buffer, { transfer: [buffer] });
    return buffer;
  },
  'big integers': () => [0n, -1n, 2n ** 200n, -(2n ** 64n)],
  'a bad surrogate': () => ['\ud800', 'a\0b', '\udc00x'],
  'typed arrays': () => [new Float64Array([NaN, -0]), new BigInt64Array([-1n]), new Uint8ClampedArray([300])],
  'a map that holds itself': () => {
    const map = new Map();
    map.set('self', map);
    return { same: map, map };
  },
  'a promise': () => Promise.resolve(1),
  'a generator': () => (function* () { yield 1; })(),
  'an iterator of a map': () => new Map([[1, 2]]).entries(),
  'a weak reference': () => new WeakRef({}),
  'a proxy of an object': () => new Proxy({ a: 1 }, {}),
  'a proxy of an array': () => new Proxy([1], {}),
  'a proxy of a function': () => new Proxy(() => 1, {}),
  'a class': () => Plain,
  'an instance': () => new Plain(),
  'an instance inside a map': () => new Map([['k', new Plain()]]),
  'an instance without a constructor': () => Object.setPrototypeOf({ a: 1 }, Object.create(null)),
  'an instance of what has no name': () => new (class {})(),
  'a target': () => new Child(),
  'a target in a set': () => new Set([new Child()]),
  'a URL': () => new URL('http://x/'),
  'URLSearchParams': () => new URLSearchParams('a=1'),
  'a Blob': () => new Blob(['x']),
  'FormData': () => new FormData(),
  'an Event': () => new Event('x'),
  'an EventTarget': () => new EventTarget(),
  'an AbortController': () => new AbortController(),
  'a signal that was aborted': () => AbortSignal.abort('why'),
  'a TextEncoder': () => new TextEncoder(),
  'a WebSocket': () => new WebSocketPair()[0],
  'Math': () => Math,
  'JSON': () => JSON,
};

/** Two places where the same value is. */
const rows = {
  'the same buffer twice': async ({ stub }) => {
    const buffer = new ArrayBuffer(4);
    const got = await stub.echo({ a: new Uint8Array(buffer), b: new Uint8Array(buffer, 1) });
    return [got.a.buffer === got.b.buffer, buffer.byteLength, got.b.byteOffset];
  },
  'the same twice, in two arguments': ({ stub }) => {
    const same = {};
    return stub.same(same, same);
  },
  'the same function twice': async ({ stub }) => {
    const same = () => 1;
    return stub.same(same, same);
  },
  'a view does not bring all of its buffer': async ({ stub }) => {
    const got = await stub.echo(new Uint8Array(1000).subarray(10, 12));
    return [got.length, got.buffer.byteLength, got.byteOffset];
  },
  'many arguments': ({ stub }) => stub.count(...Array.from({ length: 300 }, (_, i) => i)),
  'undefined at the end': ({ stub }) => stub.count(1, undefined, undefined),
  'holes in arguments': ({ stub }) => stub.count(...[, 1]),
  'a deep object': async ({ stub }, { tried }) => {
    let deep = {};
    for (let n = 0; n < 500; n++) deep = { deep };
    return tried(async () => typeof (await stub.echo(deep)).deep.deep.deep);
  },
  'a long text': async ({ stub }) => (await stub.echo('é'.repeat(1_000_000))).length,
  'what is too big for a call': async ({ stub }, { tried }) => tried(async () => (await stub.echo('x'.repeat(33 << 20))).length),
  'a text of 30 MiB': async ({ stub }, { tried }) => tried(async () => (await stub.echo('x'.repeat(30 << 20))).length),
  'what is too big for an answer': async ({ stub }, { tried }) => tried(async () => (await stub.long(33 << 20)).length),
};

for (const [name, make] of Object.entries(values)) {
  rows[name] = async ({ stub }, { tried }) => {
    const call = await tried(async () => about(await stub.echo(make())));
    return [`call: ${call}`, `answer: ${await tried(async () => about(await stub.give(name)))}`, ...(await stub.keep(name))].join(' | ');
  };
}

export class Obj extends DurableObject {
  echo(value) {
    return value;
  }
  same(a, b) {
    return [a === b, typeof a];
  }
  count(...args) {
    return [args.length, args.at(-1) === undefined, 0 in args];
  }
  long(length) {
    return 'x'.repeat(length);
  }
  give(name) {
    return values[name]();
  }
  async keep(name) {
    const tried = async (what) => {
      try {
        return about(await what());
      } catch (error) {
        return `threw ${error.name}: ${error.message}`;
      }
    };
    const stored = await tried(async () => {
      await this.ctx.storage.put('k', values[name]());
      return this.ctx.storage.get('k');
    });
    const attached = await tried(() => {
      const [end] = Object.values(new WebSocketPair());
      end.serializeAttachment(values[name]());
      return end.deserializeAttachment();
    });
    return [`stored: ${stored}`, ...(attached === stored ? [] : [`attached: ${attached}`])];
  }
}

export default answers(rows, (name, env) => line(rows[name], { env, stub: env.OBJ.getByName(name) }));

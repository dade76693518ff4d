// workerd: {"classes": ["Obj", "Plain", "Silent"]}
// Calls to objects: fetch, methods, what they carry, and how they fail. Every row has an object of its own.
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

class Counter extends RpcTarget {
  #n;
  constructor(n) {
    super();
    this.#n = n;
    this.own = 'own';
  }
  value() {
    return this.#n;
  }
  next() {
    return new Counter(this.#n + 1);
  }
  get now() {
    return this.#n;
  }
  fail() {
    throw new Error('no counter');
  }
}
class Foo {
  a = 1;
}

export const rows = {
  'fetch of a URL': async ({ stub }) => (await stub.fetch('http://x/y?z')).text(),
  'fetch of a URL object': async ({ stub }) => (await stub.fetch(new URL('http://x/y'))).text(),
  'fetch of a Request': async ({ stub }) => (await stub.fetch(new Request('https://h/p', { method: 'POST', body: 'b', headers: { 'x-a': '1' } }))).text(),
  'fetch with init': async ({ stub }) => (await stub.fetch('http://x/', { method: 'PUT', body: 'init', headers: { 'x-a': '2' } })).text(),
  'fetch of a Request with init': async ({ stub }) => (await stub.fetch(new Request('http://x/', { headers: { 'x-a': '1' } }), { method: 'DELETE' })).text(),
  'fetch of what is no URL': async ({ stub }, { note, tried }) => {
    for (const url of ['/y', '', 'nonsense', undefined, null, 5]) note(await tried(async () => (await stub.fetch(url)).text()));
    note(await tried(() => stub.fetch()));
  },
  'response': async ({ stub }) => {
    const response = await stub.fetch('http://x/teapot');
    return [response.status, response.statusText, response.ok, response.headers.get('x-b'), response.url, response.redirected, await response.text()];
  },
  'a redirect is not followed': async ({ stub }) => {
    const response = await stub.fetch('http://x/redirect', { redirect: 'manual' });
    return [response.status, response.headers.get('location')];
  },
  'a body that streams': async ({ stub }) => (await stub.fetch('http://x/stream')).text(),
  'fetch that throws': ({ stub }) => stub.fetch('http://x/throw'),
  'fetch that gives no Response': async ({ stub }, { note, tried }) => {
    for (const what of ['undefined', 'null', 'text', 'object']) note(await tried(() => stub.fetch(`http://x/${what}`)));
  },
  'fetch that is not there': ({ env }) => env.SILENT.getByName('a').fetch('http://x/'),
  'a class that extends nothing': async ({ env }, { note, tried }) => {
    const stub = env.PLAIN.getByName('p');
    note(await tried(async () => (await stub.fetch('http://x/')).text()));
    note(await tried(() => stub.hello()));
    note(await tried(() => stub.nope()));
    note(await tried(() => stub.prop));
  },
  'a method': ({ stub }) => stub.hello('w'),
  'methods of a base class': ({ stub }) => stub.inherited(),
  'a method that gives nothing': async ({ stub }) => [await stub.nothing(), await stub.echo()],
  'a method that is not there': ({ stub }) => stub.nope(),
  'a method with an underscore': ({ stub }) => stub._hidden(),
  'a private method': async ({ stub }, { tried }) => tried(() => stub['#secret']()),
  'a static method': ({ stub }) => stub.statically(),
  'a symbol': ({ stub }) => typeof stub[Symbol('x')],
  'a getter': async ({ stub }) => [await stub.prop, typeof stub.prop],
  'a getter that throws': async ({ stub }) => await stub.bad,
  'a getter of an object': async ({ stub }) => [await stub.config, await stub.config.deep],
  'a getter is called': ({ stub }) => stub.prop(),
  'a method that is awaited': async ({ stub }) => typeof (await stub.hello),
  'a method that is awaited and called': async ({ stub }) => (await stub.hello)('w'),
  'fields of the object': async ({ stub }, { note, tried }) => {
    for (const name of ['field', 'ctx', 'env', 'arrow']) note(name, await tried(async () => await stub[name]), await tried(() => stub[name]()));
  },
  'names that are reserved': async ({ stub }, { note, tried }) => {
    for (const name of ['alarm', 'webSocketMessage', 'webSocketClose', 'webSocketError']) note(await tried(() => stub[name]()), await tried(async () => await stub[name]));
  },
  'what every object has': async ({ stub }, { note, tried }) => {
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', '__proto__', 'constructor']) note(name, await tried(() => stub[name]('x')));
  },
  'toString is not called to show a stub': async ({ stub }, { tried }) => tried(() => typeof `${Object.prototype.toString.call(stub)}`),
  'primitives come over': async ({ stub }) => show(await stub.echo([1, -0, NaN, Infinity, 'x', true, null, undefined, 10n])),
  'objects of the language come over': async ({ stub }) => show(await stub.echo({ d: new Date(0), m: new Map([[{ a: 1 }, new Set([1])]]), r: /x/gi, u: new Uint8Array([1, 2]), b: new ArrayBuffer(2), n: new Number(1), s: new String('s'), a: [, 1] })),
  'errors come over': async ({ stub }, { note }) => {
    for (const error of [new Error('e'), new TypeError('t'), new RangeError('r', { cause: 'c' }), Object.assign(new Error('own'), { extra: [1] }), new DOMException('d', 'AbortError'), new AggregateError([new Error('i')], 'agg')]) {
      const got = await stub.echo(error);
      note(got.constructor.name, got.name, got.message, Object.keys(got).filter((key) => !['code', 'name', 'message', 'stack'].includes(key)), got.cause, got === error);
    }
  },
  'an error of a class of its own': async ({ stub }) => {
    class Mine extends Error {}
    const got = await stub.echo(new Mine('m'));
    return [got.constructor.name, got.name, got.message];
  },
  'cycles come over': async ({ stub }) => {
    const object = { list: [] };
    object.self = object;
    object.list.push(object.list);
    const got = await stub.echo(object);
    return [got.self === got, got.list[0] === got.list, got === object];
  },
  'the same twice comes over as the same': async ({ stub }) => {
    const inner = {};
    const got = await stub.echo([inner, inner]);
    return got[0] === got[1];
  },
  'nothing is shared': async ({ stub }) => {
    const given = { n: 1, list: [1] };
    const call = stub.change(given);
    given.n = 5;
    const got = await call;
    return [given, got, show(await stub.kept())];
  },
  'what is given back is not shared': async ({ stub }) => {
    const first = await stub.state();
    first.x = 2;
    return stub.state();
  },
  'what cannot come over': async ({ stub }, { note, tried }) => {
    for (const value of [Symbol('x'), new Foo(), new WeakMap(), Promise.resolve(1), new Proxy({}, {}), new URL('http://x'), { inner: new Foo() }, [new Foo()], new WebSocketPair()]) note(await tried(() => stub.echo(value)));
  },
  'what cannot come back': async ({ stub }, { note, tried }) => {
    for (const what of ['symbol', 'foo', 'inner', 'weak']) note(await tried(() => stub.give(what)));
  },
  'an object without a prototype': async ({ stub }) => show(await stub.echo(Object.assign(Object.create(null), { a: 1 }))),
  'getters are read': async ({ stub }) => show(await stub.echo({ get a() { return 5; } })),
  'Response, Request, Headers': async ({ stub }) => [await (await stub.echo(new Response('body', { status: 201 }))).text(), (await stub.echo(new Request('http://x/y', { method: 'POST' }))).method, (await stub.echo(new Headers({ a: 'b' }))).get('a')],
  'a ReadableStream': async ({ stub }) => new Response(await stub.stream()).text(),
  'a function is called back': ({ stub }) => stub.call((x) => x * 10),
  'an async function is called back': ({ stub }) => stub.call(async (x) => (await pause(1), x * 10)),
  'a function that throws': ({ stub }) => stub.call(() => { throw new RangeError('mine'); }),
  'a function comes back': async ({ stub }) => {
    const double = await stub.doubler();
    return [await double(4), typeof double, typeof double.dup];
  },
  'a function with members': async ({ stub }, { tried }) => tried(() => stub.echo(Object.assign(() => 1, { a: 1 }))),
  'functions within': async ({ stub }) => {
    const got = await stub.echo({ f: (x) => x + 1, list: [(x) => x + 2] });
    return [await got.f(1), await got.list[0](1)];
  },
  'a target': async ({ stub }, { note, tried }) => {
    const counter = await stub.counter(5);
    note(await counter.value(), await counter.now);
    note(await tried(async () => await counter.own), await tried(() => counter.own()), await tried(() => counter.nope()), await tried(() => counter.fail()));
  },
  'a target is given': async ({ stub }) => stub.read(new Counter(8)),
  'pipelined': async ({ stub }) => [await stub.counter(1).value(), await stub.counter(1).next().next().value(), await stub.counter(3).now],
  'pipelined over what is no target': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.state().x), await tried(() => stub.state().x()), await tried(() => stub.hello('a').length), await tried(async () => await stub.nested(4).deep.counter.value()));
    note(await tried(() => stub.nope().more()), await tried(() => stub.throws().more()), await tried(async () => await stub.state().none));
  },
  'a stub comes over': async ({ stub }) => (await stub.echo(stub)).hello('again'),
  'another object is called': ({ stub, other }) => stub.ask(other, 'hello', 'you'),
  'an object calls itself': ({ stub }) => stub.ask(stub, 'hello', 'me'),
  'a promise of a call is given': async ({ stub }, { tried }) => tried(async () => show(await stub.echo(await stub.hello('x')))),
  'thrown': ({ stub }) => stub.throws(),
  'thrown later': ({ stub }) => stub.throwsLater(),
  'thrown with more': async ({ stub }) => stub.throwsMore(),
  'what is thrown and no error': async ({ stub }, { note, tried }) => {
    for (const what of ['text', 'null', 'undefined', 'number']) note(await tried(() => stub.throwsOdd(what)));
  },
  'an object is thrown': async ({ stub }) => {
    try {
      await stub.throwsOdd('object');
    } catch (error) {
      return [error.constructor.name, Object.keys(error).sort(), error.a];
    }
  },
  'thrown with an own name': ({ stub }) => stub.throwsNamed(),
  'thrown with what cannot come over': async ({ stub }) => {
    try {
      await stub.throwsFoo();
    } catch (error) {
      return [error.constructor.name, error.message, Object.keys(error).sort()];
    }
  },
  'thrown through another object': ({ stub, other }) => stub.ask(other, 'throws'),
  'the stack is of the caller': async ({ stub }) => {
    try {
      await stub.throws();
    } catch (error) {
      return typeof error.stack;
    }
  },
  'order of calls': async ({ stub }) => Promise.all([stub.count(), stub.count(), stub.fetch('http://x/count').then((response) => response.text()), stub.count()]),
  'order over two stubs': async ({ stub, again }) => Promise.all([stub.count(), again.count(), stub.count()]),
  'calls overlap': async ({ stub }) => {
    const log = [];
    await Promise.all([stub.slow(30).then(() => log.push('slow')), stub.slow(1).then(() => log.push('fast'))]);
    return log;
  },
  'promises of calls': ({ stub }) => {
    const call = stub.hello('x');
    return [Object.prototype.toString.call(call), call.constructor.name, call instanceof Promise, typeof call.then, typeof call.anything, typeof call];
  },
  'then, catch, finally': async ({ stub }) => [await stub.hello('x').then((text) => text.length), await stub.throws().catch((error) => error.message), await stub.hello('y').finally(() => {})],
  'dup': async ({ stub }, { tried }) => [typeof stub.dup, await tried(() => stub.dup().hello('copy'))],
};

class Base extends DurableObject {
  inherited() {
    return 'inherited';
  }
}
export class Obj extends Base {
  field = 1;
  arrow = () => 'arrow';
  n = 0;
  data = { x: 1 };
  static statically() {
    return 'static';
  }
  #secret() {
    return 'secret';
  }
  _hidden() {
    return 'hidden';
  }
  get prop() {
    return 42;
  }
  get bad() {
    throw new TypeError('bad getter');
  }
  get config() {
    return { deep: { er: 1 } };
  }
  hello(name) {
    return `hello ${name}`;
  }
  nothing() {}
  echo(value) {
    return value;
  }
  change(value) {
    value.n++;
    value.list.push(2);
    this.value = value;
    return value;
  }
  kept() {
    return this.value;
  }
  state() {
    return this.data;
  }
  give(what) {
    return { symbol: Symbol('y'), foo: new Foo(), inner: { foo: new Foo() }, weak: new WeakSet() }[what];
  }
  stream() {
    return new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('abc'));
        controller.close();
      },
    });
  }
  async call(fn) {
    return (await fn(3)) + 1;
  }
  doubler() {
    return (x) => x * 2;
  }
  counter(n) {
    return new Counter(n);
  }
  nested(n) {
    return { deep: { counter: new Counter(n) } };
  }
  async read(counter) {
    return [await counter.value(), await counter.next().value()];
  }
  ask(stub, method, ...args) {
    return stub[method](...args);
  }
  throws() {
    throw new RangeError('boom');
  }
  async throwsLater() {
    await pause(1);
    throw new SyntaxError('later');
  }
  throwsMore() {
    throw Object.assign(new Error('more', { cause: 'why' }), { extra: 1, remote: 'mine', list: [1] });
  }
  throwsOdd(what) {
    throw { text: 'a text', null: null, undefined: undefined, object: { a: 1 }, number: 5 }[what];
  }
  throwsNamed() {
    const error = new Error('named');
    error.name = 'MyError';
    throw error;
  }
  throwsFoo() {
    throw Object.assign(new Error('with foo'), { foo: new Foo() });
  }
  count() {
    return ++this.n;
  }
  async slow(ms) {
    await pause(ms);
  }
  alarm() {}
  webSocketMessage() {}
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case '/teapot':
        return new Response('short', { status: 418, statusText: 'Teapot', headers: { 'x-b': 'b' } });
      case '/redirect':
        return Response.redirect('http://elsewhere/', 302);
      case '/stream':
        return new Response(this.stream());
      case '/throw':
        throw new RangeError('fetch fails');
      case '/undefined':
        return undefined;
      case '/null':
        return null;
      case '/text':
        return 'text';
      case '/object':
        return {};
      case '/count':
        return new Response(String(++this.n));
    }
    return new Response(`${request.method} ${request.url} ${request.headers.get('x-a')} ${await request.text()}`);
  }
}
export class Plain {
  constructor(state) {
    this.state = state;
  }
  hello() {
    return 1;
  }
  fetch() {
    return new Response(`plain ${this.state.id.name}`);
  }
}
export class Silent extends DurableObject {}

export default answers(rows, (name, env) => {
  const get = (which) => env.OBJ.getByName(`${name} ${which}`);
  return line(rows[name], { env, stub: get('one'), again: get('one'), other: get('two') });
});

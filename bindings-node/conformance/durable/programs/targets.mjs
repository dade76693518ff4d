// Targets, functions and pipelines: what can be called before anything is there, and by whom.
import { DurableObject, RpcStub, RpcTarget } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

class Base extends RpcTarget {
  base() {
    return 'base';
  }
  over() {
    return 'base';
  }
}
class Tree extends Base {
  static made = 0;
  secret = 'field';
  #name;
  constructor(name = 'root') {
    super();
    this.#name = name;
  }
  over() {
    return `tree, ${super.over()}`;
  }
  name() {
    return this.#name;
  }
  child(name) {
    return new Tree(`${this.#name}/${name}`);
  }
  get parent() {
    return new Tree('parent');
  }
  get map() {
    return { a: { b: [10, 20] }, f: (x) => x + 1 };
  }
  get later() {
    return Promise.resolve('later');
  }
  set value(_value) {}
  async slow(name) {
    await pause(20);
    return new Tree(name);
  }
  args(...args) {
    return args.map((arg) => typeof arg);
  }
  self() {
    return this;
  }
  isSelf(other) {
    return other === this;
  }
  toString() {
    return 'mine';
  }
  then_() {
    return 1;
  }
  static helper() {
    return 'static';
  }
  *items() {
    yield 1;
  }
  async *later_items() {
    yield 1;
  }
  [Symbol.iterator]() {
    return [1][Symbol.iterator]();
  }
}
class Thenable extends RpcTarget {
  then(resolve) {
    resolve('then was called');
  }
}

export const rows = {
  'methods of the base of a target': async ({ stub }) => {
    const tree = await stub.tree();
    return [await tree.base(), await tree.over(), await tree.name()];
  },
  'fields of a target': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    note(await tried(async () => await tree.secret), await tried(() => tree.secret()), await tried(async () => await tree.none), await tried(() => tree.none()));
  },
  'what every object has, of a target': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', 'constructor', '__proto__', 'toLocaleString', 'isPrototypeOf']) note(name, await tried(() => tree[name]('x')));
  },
  'a setter without a getter': async ({ stub }, { tried }) => tried(async () => await (await stub.tree()).value),
  'a static method of a target': async ({ stub }, { tried }) => tried(async () => (await stub.tree()).helper()),
  'a private method of a target': async ({ stub }, { tried }) => tried(async () => (await stub.tree())['#name']),
  'a getter that gives a target': async ({ stub }) => [await (await stub.tree()).parent.name(), await stub.tree().parent.parent.name()],
  'a getter that gives an object': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    note(await tried(async () => await tree.map.a.b), await tried(async () => await tree.map.a.b[1]), await tried(() => tree.map.f(1)), await tried(async () => await tree.map.none), await tried(async () => await tree.map.none.more), await tried(() => tree.map.a()));
  },
  'a getter that gives a promise': async ({ stub }) => (await stub.tree()).later,
  'a long pipeline': ({ stub }) => stub.tree().child('a').child('b').child('c').name(),
  'a pipeline through what waits': ({ stub }) => stub.tree().slow('x').child('y').name(),
  'a pipeline through an array': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.list()[1].name()), await tried(async () => await stub.list()[0]), await tried(async () => await stub.list().length), await tried(() => stub.list().map((x) => x)), await tried(async () => await stub.list()[7]), await tried(async () => await stub.list()['-1']));
  },
  'a pipeline through a map': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.mapped().size), await tried(() => stub.mapped().get('a')));
  },
  'a pipeline through a text': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.text().length), await tried(() => stub.text().toUpperCase()), await tried(async () => await stub.text()[0]));
  },
  'a pipeline through nothing': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.nothing().a), await tried(() => stub.nothing().a()), await tried(async () => await stub.nul().a), await tried(() => stub.nul()()));
  },
  'a pipeline through what fails': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.fails().a.b()), await tried(async () => await stub.fails().a), await tried(() => stub.fails().a()));
  },
  'a pipeline through what fails later': ({ stub }, { tried }) => tried(() => stub.failsLater().a.b.c()),
  'a pipeline through a Response': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.response().text()), await tried(async () => await stub.response().status));
  },
  'a pipeline through a stub of an object': async ({ stub }) => [await stub.other().hello('a'), await (await stub.other()).hello('b')],
  'a pipeline through a function': async ({ stub }) => [await stub.adder(3)(4), await (await stub.adder(3))(5)],
  'a function with members in a pipeline': ({ stub }, { tried }) => tried(() => stub.adder(1).call(undefined, 2)),
  'a promise as an argument': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.kind(stub.text())), await tried(() => stub.kind(stub.tree())), await tried(() => stub.kind(stub.tree().name)), await tried(() => stub.kind({ a: stub.text() })));
  },
  'a property as an argument': ({ stub }, { tried }) => tried(() => stub.kind(stub.prop)),
  'a promise of the language as an argument': ({ stub }, { tried }) => tried(() => stub.kind(Promise.resolve(1))),
  'a promise within an answer': async ({ stub }, { tried }) => tried(async () => show(await stub.promiseWithin())),
  'an answer that is a promise of a call': async ({ stub }) => [await stub.passOn('x'), await stub.passOnTree().name()],
  'a target that is given back': async ({ stub }) => {
    const tree = new Tree('here');
    const got = await stub.echo(tree);
    return [got === tree, typeof got, await got.name()];
  },
  'a stub that is given back': async ({ stub }) => {
    const tree = await stub.tree();
    return tree.isSelf(tree);
  },
  'a target that is not kept by its identity': async ({ stub }) => {
    const tree = await stub.tree();
    const [a, b] = [await tree.self(), await tree.self()];
    return [a === b, await a.name()];
  },
  'the kinds of arguments': async ({ stub }) => (await stub.tree()).args(1, () => 1, new Tree(), await stub.tree(), stub, undefined, null),
  'the kinds of stubs': async ({ stub }) => {
    const [tree, adder] = [await stub.tree(), await stub.adder(1)];
    return [tree instanceof RpcStub, adder instanceof RpcStub, stub instanceof RpcStub, tree.constructor.name, typeof tree.anything, String(Object.prototype.toString.call(tree.anything)), Object.prototype.toString.call(adder)];
  },
  'a stub as text': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    note(await tried(() => `${tree}`), await tried(() => JSON.stringify(tree)), await tried(() => Object.keys(tree)), await tried(() => 'name' in tree), await tried(() => tree.then));
  },
  'a stub is set a member': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    note(await tried(() => (tree.x = 1)), await tried(async () => await tree.x), await tried(() => delete tree.x));
  },
  'a stub with then': async ({ stub }, { tried }) => tried(async () => show(await stub.thenable())),
  'generators': async ({ stub }, { note, tried }) => {
    const tree = await stub.tree();
    note(await tried(() => tree.items()), await tried(() => tree.later_items()));
  },
  'call and apply': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.hello.call(null, 'x')), await tried(() => stub.hello.apply(null, ['x'])), await tried(() => stub.hello.bind(null, 'x')()));
  },
  'a method taken from its stub': async ({ stub }) => {
    const { hello } = stub;
    return hello('y');
  },
  'an answer is taken twice': async ({ stub }) => {
    const promise = stub.count();
    return [await promise, await promise, await stub.count()];
  },
  'nobody awaits a call': async ({ stub }) => {
    stub.count();
    stub.count();
    return stub.count();
  },
  'then of a property': async ({ stub }) => stub.prop.then((value) => `then ${value}`),
  'catch of a property': async ({ stub }) => stub.bad.catch((error) => error.message),
  'all of many': ({ stub }) => Promise.all([stub.prop, stub.hello('a'), stub.tree().name()]),
  'a race': ({ stub }) => Promise.race([stub.slow(200), stub.slow(1)]),
  'new RpcStub of a target': async ({}, { note, tried }) => {
    const made = new RpcStub(new Tree('local'));
    note(await tried(() => made.name()), await tried(() => made.child('x').name()), await tried(async () => await made.secret), made instanceof RpcStub);
  },
  'new RpcStub of an object': async ({}, { note, tried }) => {
    const made = new RpcStub({ a: 1, f: (x) => x * 2, deep: { g: () => 'g' } });
    note(await tried(async () => await made.a), await tried(() => made.f(4)), await tried(() => made.deep.g()), await tried(async () => show(await made.deep)), await tried(() => made.none()));
  },
  'new RpcStub of a function': async ({}, { note, tried }) => {
    const made = new RpcStub((a, b) => a + b);
    note(await tried(() => made(1, 2)), await tried(() => made('a', 'b')));
  },
  'new RpcStub of what is none': async ({}, { note, tried }) => {
    for (const value of [1, 'x', null, undefined, [], new Map(), new Date(0), new (class X {})(), Promise.resolve(1), Symbol('x'), class Y {}]) note(await tried(() => typeof new RpcStub(value)));
    note(await tried(() => typeof new RpcStub()), await tried(() => typeof RpcStub(() => 1)));
  },
  'new RpcStub copies what is given': async () => {
    const list = [];
    const made = new RpcStub((value) => void list.push(value));
    const given = { a: 1 };
    const call = made(given);
    given.a = 2;
    await call;
    return show(list);
  },
  'a function throws what it wants': async ({ stub }, { note, tried }) => {
    for (const what of [new TypeError('t'), 'text', undefined, Object.assign(new Error('more'), { code: 'E', remote: false })]) {
      note(await tried(() => stub.callWith(() => { throw what; })));
    }
  },
  'what a function throws is caught by the object': ({ stub }) => stub.catches(() => { throw new RangeError('mine'); }),
  'a function gets this': async ({ stub }) => {
    const fn = function () {
      return [typeof this, this === fn, this === undefined, Object.prototype.toString.call(this)];
    };
    return stub.callWith(fn);
  },
  'members of what is not there': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.config.none), await tried(() => stub.config.none()), await tried(async () => await stub.config.deep.none.more), await tried(() => stub.config.deep()), await tried(async () => await stub.config.deep), await tried(() => stub.config.deep.fails()));
  },
  'getters without a value': async ({ stub }, { note, tried }) => {
    note(await tried(async () => await stub.void_), await tried(async () => await stub.null_), await tried(async () => await stub.later), await tried(async () => await stub.writeOnly));
  },
  'a function is called many times': ({ stub }) => stub.callMany((n) => n * n, 5),
  'a function gives a function': async ({ stub }) => stub.callTwice((a) => (b) => a + b),
  'a function gets a target': async ({ stub }) => stub.giveTree(async (tree) => tree.child('given').name()),
  'a function that waits for the object': async ({ stub }) => stub.callWith(async () => (await stub.hello('inside'))),
  'an async function in the object': async ({ stub }) => {
    const later = await stub.laterFunction();
    return [await later(1), await later(2)];
  },
  'errors of methods that are not there, by name': async ({ stub }, { note, tried }) => {
    for (const name of ['', ' ', 'a.b', '0', 'then2', 'toJSON', 'prototype', 'name', 'length', 'caller', 'arguments', 'connect', 'dup', 'props']) note(name, await tried(() => stub[name]()));
  },
  'names that a stub has itself': ({ stub }) => ['name', 'id', 'fetch', 'connect', 'dup', 'then', 'toJSON', 'constructor', 'toString', 'hello', 'scheduled', 'queue', 'email', 'tail', 'getByName'].map((name) => [name, typeof stub[name]]),
  'a method named like that of a promise': async ({ stub }, { note, tried }) => {
    const tree = await stub.promising();
    note(await tried(() => tree.catch()), await tried(() => tree.finally()));
  },
  'the object itself is an answer': ({ stub }, { tried }) => tried(async () => typeof (await stub.itself())),
  'ctx is an answer': ({ stub }, { tried }) => tried(async () => typeof (await stub.context())),
  'storage is an answer': ({ stub }, { tried }) => tried(async () => typeof (await stub.storage())),
  'an id is an answer': ({ stub }, { tried }) => tried(async () => typeof (await stub.id())),
  'a namespace is an argument': ({ stub, env }, { tried }) => tried(async () => await stub.kind(env.OBJ)),
  'env is an answer': ({ stub }, { tried }) => tried(async () => typeof (await stub.environment())),
  'an id is an argument': ({ stub, env }, { tried }) => tried(() => stub.kind(env.OBJ.newUniqueId())),
};

class Promising extends RpcTarget {
  catch() {
    return 'caught';
  }
  finally() {
    return 'finally';
  }
}

export class Obj extends DurableObject {
  n = 0;
  get prop() {
    return 'prop';
  }
  get bad() {
    throw new RangeError('bad prop');
  }
  get config() {
    return { deep: { er: 1, fails() { throw new RangeError('deep'); } } };
  }
  get void_() {
    return undefined;
  }
  get null_() {
    return null;
  }
  get later() {
    return pause(1).then(() => 'later');
  }
  set writeOnly(_value) {}
  tree() {
    return new Tree();
  }
  thenable() {
    return new Thenable();
  }
  promising() {
    return new Promising();
  }
  list() {
    return [1, new Tree('in a list')];
  }
  mapped() {
    return new Map([['a', 1]]);
  }
  text() {
    return 'text';
  }
  nothing() {}
  nul() {
    return null;
  }
  fails() {
    throw new RangeError('fails');
  }
  async failsLater() {
    await pause(10);
    throw new RangeError('later');
  }
  response() {
    return new Response('body', { status: 203 });
  }
  other() {
    return this.env.OBJ.getByName('other');
  }
  hello(name) {
    return `hello ${name} ${arguments.length}`;
  }
  adder(a) {
    return (b) => a + b;
  }
  async kind(value) {
    const got = show(value);
    return `${typeof value} ${value?.constructor?.name} ${got.length > 40 ? 'long' : got}`;
  }
  promiseWithin() {
    return { a: Promise.resolve(1) };
  }
  passOn(name) {
    return this.other().hello(name);
  }
  passOnTree() {
    return this.other().tree();
  }
  echo(value) {
    return value;
  }
  count() {
    return ++this.n;
  }
  async slow(ms) {
    await pause(ms);
    return ms;
  }
  async callWith(fn) {
    return fn();
  }
  async catches(fn) {
    try {
      return await fn();
    } catch (error) {
      return [error.constructor.name, error.message, Object.keys(error).sort()];
    }
  }
  async callMany(fn, times) {
    const got = [];
    for (let n = 0; n < times; n++) got.push(await fn(n));
    return got;
  }
  async callTwice(fn) {
    return (await fn(1))(2);
  }
  async giveTree(fn) {
    return fn(new Tree('mine'));
  }
  laterFunction() {
    let sum = 0;
    return async (n) => {
      await pause(1);
      return (sum += n);
    };
  }
  itself() {
    return this;
  }
  context() {
    return this.ctx;
  }
  storage() {
    return this.ctx.storage;
  }
  id() {
    return this.ctx.id;
  }
  environment() {
    return this.env;
  }
}

export default answers(rows, (name, env) => line(rows[name], { env, stub: env.OBJ.getByName(name) }));

// Stubs and how they end: with the call that they were given to, with what they came in, or when they are let go of. Every row has an
// object of its own.
import { DurableObject, RpcStub, RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
import { answers, line, pause } from '../rows.mjs';

const done = Symbol.dispose;
/** What was let go of, by its row. */
const gone = [];
/** What objects were given. */
const kept = {};

class Target extends RpcTarget {
  constructor(name) {
    super();
    this.name = name;
  }
  hello() {
    return `hello ${this.name}`;
  }
  take(f) {
    kept[`${this.name} took`] = f;
    return f(1);
  }
  async useTaken() {
    return kept[`${this.name} took`](2);
  }
  [done]() {
    gone.push(this.name);
  }
}

export class Obj extends DurableObject {
  get value() {
    return { a: 1 };
  }
  get target() {
    return new Target('of a getter');
  }
  keep(name, f) {
    kept[name] = f;
  }
  keepWithin(name, object) {
    kept[name] = object.f;
    return object.f(1);
  }
  keepDuplicate(name, f) {
    kept[name] = f.dup();
  }
  keepAndFail(name, f) {
    kept[name] = f;
    throw new Error('failed');
  }
  async use(name, ...args) {
    return kept[name](...args);
  }
  async hello(name) {
    return kept[name].hello();
  }
  async useAfterAWhile(f) {
    await pause(20);
    return f(1);
  }
  async useAndLetGo(f, { note, tried }) {
    await note(await f(1));
    f[done]();
    await note(await tried(() => f(1)));
  }
  useUnasked(f) {
    f(1);
  }
  make(name) {
    return new Target(name);
  }
  makeTwo(name) {
    return { a: new Target(`${name} a`), b: [new Target(`${name} b`)] };
  }
  makeStub(name) {
    kept[name] = new RpcStub(new Target(name));
    return kept[name];
  }
  echo(value) {
    return value;
  }
  same(a, b) {
    return a === b;
  }
  kinds(...values) {
    return values.map((value) => typeof value[done]);
  }
  response() {
    return new Response('x');
  }
}

export class Other extends WorkerEntrypoint {
  keep(name, f) {
    kept[name] = f;
    return f(1);
  }
  async use(name) {
    return kept[name](2);
  }
}

const double = (x) => 2 * x;

export const rows = {
  'a function after its call': async ({ stub, name }, { tried }) => {
    await stub.keep(name, double);
    return tried(() => kept[name](1));
  },
  'used by the object after its call': async ({ stub, name }) => {
    await stub.keep(name, double);
    return stub.use(name, 1).catch(({ message, remote }) => [message, remote]);
  },
  'a target after its call': async ({ stub, name }) => {
    await stub.keep(name, new Target(name));
    return stub.hello(name).catch(({ message }) => [message, gone.includes(name)]);
  },
  'within an object, after its call': async ({ stub, name }, { tried }) => [await stub.keepWithin(name, { f: double }), await tried(() => kept[name](1))],
  'after a call that failed': async ({ stub, name }, { tried }) => [await tried(() => stub.keepAndFail(name, double)).then((text) => text.slice(0, 24)), await tried(() => kept[name](1))],
  'duplicated during its call': async ({ stub, name }) => {
    await stub.keepDuplicate(name, double);
    return stub.use(name, 2);
  },
  'a target that is duplicated': async ({ stub, name }) => {
    await stub.keepDuplicate(name, new Target(name));
    return [await stub.hello(name), gone.includes(name)];
  },
  'during a call that waits': ({ stub }) => stub.useAfterAWhile(double),
  'called at the end of its call': async ({ stub }) => {
    const called = [];
    await stub.useUnasked((x) => void called.push(x));
    await pause(20);
    return called;
  },
  'let go of by the one who was called': async ({ stub }, tools) => {
    const said = [];
    await stub.useAndLetGo(double, { note: (text) => void said.push(text), tried: (fn) => fn().then(String, String) });
    return said;
  },
  'a stub that is passed on stays with the caller': async ({ stub, name }, { tried }) => {
    const own = new RpcStub(double);
    await stub.keep(name, own);
    return [await own(1), await tried(() => kept[name](1))];
  },
  'a stub that is passed twice': async ({ stub, name }) => {
    const own = new RpcStub(new Target(name));
    await stub.keep(name, own);
    await stub.keep(name, own);
    return own.hello();
  },
  'the same twice in a call': async ({ stub, name }) => {
    const target = new Target(name);
    const own = new RpcStub(double);
    const same = [await stub.same(double, double), await stub.same(target, target), await stub.same(own, own)];
    await pause(20);
    return [...same, gone.filter((each) => each === name).length];
  },
  'to what RpcStub wraps': async ({ name }, { tried }) => {
    const own = new RpcStub({ take: (f) => ((kept[name] = f), f(1)) });
    return [await own.take(double), await tried(() => kept[name](1))];
  },
  'to a target': async ({ stub, name }, { tried }) => {
    const target = await stub.make(name);
    return [await target.take(double), await tried(() => target.useTaken()).then((text) => text.slice(0, 60))];
  },
  'to an entrypoint': async ({ name, exports }, { tried }) => [await exports.Other.keep(name, double), await tried(() => exports.Other.use(name)).then((text) => text.slice(0, 60))],
  'given back': async ({ stub }) => {
    const f = await stub.echo(double);
    const { g } = await stub.echo({ g: double });
    return [await f(1), await g(2)];
  },
  'a target given back': async ({ stub, name }) => (await stub.echo(new Target(name))).hello(),
  'a stub that an object gives is not its own any more': async ({ stub, name }, { tried }) => {
    const own = await stub.makeStub(name);
    const before = [await own.hello(), await tried(() => kept[name].hello())];
    own[done]();
    await pause(20);
    return [...before, gone.filter((each) => each === name).length];
  },
  'a result that is let go of': async ({ stub, name }, { note, tried }) => {
    const target = await stub.make(name);
    note(await target.hello());
    target[done]();
    note(await tried(() => target.hello()), await tried(() => target.name));
    target[done]();
    await pause(20);
    note(gone.filter((each) => each === name).length);
  },
  'a result with stubs in it': async ({ stub, name }, { note, tried }) => {
    const two = await stub.makeTwo(name);
    note(Object.keys(two), Reflect.ownKeys(two).map((key) => (key === done ? 'dispose' : key)), Object.getOwnPropertyDescriptor(two, done).enumerable);
    note(await two.b[0].hello());
    two[done]();
    note(await tried(() => two.a.hello()), await tried(() => two.b[0].hello()));
    await pause(20);
    note(gone.filter((each) => each.startsWith(name)).length);
  },
  'every object that is given can be let go of': async ({ stub }) => {
    const results = await Promise.all([{ a: 1 }, [1], new Map(), new Set(), new Date(0), /x/, new Error('x'), new Uint8Array(1), new ArrayBuffer(1)].map((value) => stub.echo(value)));
    return [...results, await stub.value, await stub.response(), await stub.make('m'), await stub.echo(double), stub].map((value) => typeof value[done]);
  },
  'but arguments cannot': ({ stub }) => stub.kinds({ a: 1 }, [1], new Map(), double, new Target('k')),
  'a promise of a stub': ({ stub }) => {
    const promise = stub.make('m');
    return [typeof promise[done], typeof promise.hello[done], typeof stub.make[done]];
  },
  'a promise that is let go of': async ({ stub, name }, { tried }) => {
    const promise = stub.make(name);
    promise[done]();
    return tried(() => promise.hello());
  },
  'a promise that is let go of once it is kept': async ({ stub, name }, { tried }) => {
    const promise = stub.make(name);
    const target = await promise;
    promise[done]();
    return [await tried(() => promise.hello()), await tried(() => target.hello())];
  },
  'a stub, and another of it': async ({ name }, { note, tried }) => {
    const own = new RpcStub(new Target(name));
    const other = own.dup();
    own[done]();
    note(await other.hello(), gone.includes(name));
    other[done]();
    await pause(20);
    note(await tried(() => other.hello()), await tried(() => own.hello()), gone.filter((each) => each === name).length);
  },
  'called when it is let go of': async ({ stub }, { tried }) => {
    const own = new RpcStub(double);
    own[done]();
    const promise = own(1);
    return [typeof promise, await tried(() => promise), await stub.same(own, 1)];
  },
};

export default answers(rows, (name, env, ctx) => line(rows[name], { stub: env.OBJ.getByName(name), name, exports: ctx.exports }));

// Entrypoints of the same Worker, called through `ctx.exports`: what they give, and how they fail.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

class Odd extends Error {
  name = 'Odd';
  x = 1;
}

export class Other extends WorkerEntrypoint {
  field = 1;
  fetch(request) {
    if (request.url.endsWith('/fail')) throw new TypeError('in fetch');
    return new Response(`${request.method} ${request.url}`);
  }
  add(a, b) {
    return a + b;
  }
  props() {
    return this.ctx.props;
  }
  fail() {
    throw new RangeError('failed');
  }
  failOddly() {
    throw new Odd('odd');
  }
  failWithText() {
    throw 'text';
  }
  get value() {
    return { deep: { a: 1 } };
  }
  get failing() {
    throw new Error('getter');
  }
  calls(f) {
    return f(1);
  }
  async object(name) {
    return this.env.OBJ.getByName(name).hello();
  }
}
export class Unmade extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    throw new Error('not made');
  }
  hello() {}
}
export class WithoutFetch extends WorkerEntrypoint {
  hello() {}
}
export const plain = {
  fetch(request, env, ctx) {
    return new Response(`plain ${Object.keys(env)} ${typeof ctx.waitUntil}`);
  },
};
export class Obj extends DurableObject {
  hello() {
    return 'hello';
  }
  async through(a, b) {
    return this.ctx.exports.Other.add(a, b);
  }
  async written() {
    await this.ctx.storage.put('a', 1);
    this.ctx.storage.put('a', 2);
    return this.ctx.exports.Other.calls(() => 'seen');
  }
}

export const rows = {
  'fetch': async ({ exports }) => [await (await exports.Other.fetch('http://x/y')).text(), await (await exports.Other.fetch(new Request('http://x/', { method: 'POST' }))).text()],
  'fetch that throws': ({ exports }) => exports.Other.fetch('http://x/fail'),
  'fetch of what is no URL': ({ exports }) => exports.Other.fetch('/y'),
  'fetch that is not there': ({ exports }) => exports.WithoutFetch.fetch('http://x/'),
  'fetch of an object': async ({ exports }) => (await exports.plain.fetch('http://x/')).text(),
  'a method': ({ exports }) => exports.Other.add(1, 2),
  'a method of the default': ({ exports }, { tried }) => tried(() => exports.default.nope({})),
  'a getter': async ({ exports }) => [await exports.Other.value, await exports.Other.value.deep.a],
  'a getter that throws': ({ exports }, { tried }) => tried(() => exports.Other.failing),
  'a field': ({ exports }, { tried }) => tried(() => exports.Other.field),
  'what is not there': ({ exports }) => exports.Other.nope(),
  'a method that throws': ({ exports }) => exports.Other.fail(),
  'a class of errors of its own': ({ exports }) => exports.Other.failOddly(),
  'a thrown text': ({ exports }) => exports.Other.failWithText(),
  'a constructor that throws': async ({ exports }, { tried }) => [await tried(() => exports.Unmade.hello()), await tried(() => exports.Unmade.fetch('http://x/'))],
  'a function': ({ exports }) => exports.Other.calls((x) => x + 1),
  'a function that throws': ({ exports }, { tried }) => tried(() => exports.Other.calls(() => { throw new RangeError('mine'); })),
  'props': async ({ exports }) => [await exports.Other.props(), await exports.Other({ props: { a: 1 } }).props()],
  'from an entrypoint to an object': ({ exports }) => exports.Other.object('o'),
  'from an object to an entrypoint': ({ stub }) => stub.through(1, 2),
  'with what is written': ({ stub }) => stub.written(),
  'what it looks like': ({ exports }) => [String(exports.Other), typeof exports.Other, Object.keys(exports.Other), 'fetch' in exports.Other, 'nope' in exports.Other],
};

export default answers(rows, (name, env, ctx) => line(rows[name], { stub: env.OBJ.getByName(name), exports: ctx.exports }));

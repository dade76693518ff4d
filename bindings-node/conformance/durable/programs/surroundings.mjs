// workerd: {"classes": ["Obj", "Child"]}
// `cloudflare:workers`, what a Worker exports, and what is around its code.
import * as workers from 'cloudflare:workers';
import { DurableObject, RpcTarget, WorkerEntrypoint, env as moduleEnv, exports as moduleExports, waitUntil, withEnv } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const early = [typeof moduleEnv, Object.keys(moduleEnv).sort(), typeof moduleEnv.OBJ];

export class Named extends WorkerEntrypoint {
  who() {
    return `named ${typeof this.env.OBJ} ${typeof this.ctx.waitUntil} ${show(this.ctx.props)}`;
  }
  own = 'field';
  #secret = 1;
  get secret() {
    return this.#secret;
  }
  ctxKeys() {
    const names = [];
    for (const name in this.ctx) names.push(name);
    return names.sort();
  }
  object() {
    return this.env.OBJ.getByName('from named');
  }
  waits() {
    this.ctx.waitUntil(pause(10));
    return 'waits';
  }
  fetch(request) {
    return new Response(`named ${new URL(request.url).pathname}`);
  }
}
export class Legacy {
  fetch() {
    return new Response('legacy');
  }
}
export const handler = {
  fetch() {
    return new Response('handler');
  },
  other() {
    return 'other';
  },
};
export function plainFunction() {
  return 1;
}

export const rows = {
  'what the module has': () => Object.keys(workers).sort(),
  'kinds of what the module has': () => Object.entries(workers).map(([name, value]) => `${name} ${typeof value}`).sort(),
  'env before anything runs': () => early,
  'env of the module': ({ env }) => [moduleEnv === env, Object.keys(moduleEnv).sort(), typeof moduleEnv.OBJ.getByName],
  'env in an object': ({ stub }) => stub.env_(),
  'withEnv': async ({ env }) => {
    const inner = await withEnv({ mine: 1 }, async () => {
      await pause(1);
      return [moduleEnv.mine, typeof moduleEnv.OBJ];
    });
    return [inner, moduleEnv.mine, withEnv({ a: 2 }, () => moduleEnv.a)];
  },
  'env is set': async (_, { note, tried }) => {
    note(await tried(() => (moduleEnv.added = 1)), moduleEnv.added, await tried(() => delete moduleEnv.added), moduleEnv.added);
  },
  'exports': ({ ctx }) => [Object.keys(ctx.exports).sort(), moduleExports === ctx.exports, Object.keys(moduleExports).sort()],
  'exports, what they are': ({ ctx }) => Object.entries(ctx.exports).map(([name, value]) => `${name} ${typeof value} ${Object.prototype.toString.call(value)} ${value.constructor?.name}`).sort(),
  'an entrypoint': async ({ ctx }) => [await ctx.exports.Named.who(), await (await ctx.exports.Named.fetch('http://x/path')).text()],
  'an entrypoint with props': async ({ ctx }) => [await ctx.exports.Named({ props: { a: [1] } }).who(), await ctx.exports.Named({}).who()],
  'an entrypoint called oddly': async ({ ctx }, { note, tried }) => {
    for (const args of [[], [null], [5], [{ props: 5 }], [{ props: null }], [{ props: new Map() }], [{ props: () => 1 }], [{ unknown: 1 }]]) note(await tried(() => ctx.exports.Named(...args).who()));
    note(await tried(() => new ctx.exports.Named()));
  },
  'fields and getters of an entrypoint': async ({ ctx }, { note, tried }) => {
    note(await tried(async () => await ctx.exports.Named.own), await tried(async () => await ctx.exports.Named.secret), await tried(async () => await ctx.exports.Named.env), await tried(() => ctx.exports.Named.none()), await tried(() => ctx.exports.Named.constructor()));
  },
  'ctx of an entrypoint': ({ ctx }) => ctx.exports.Named.ctxKeys(),
  'an object from an entrypoint': async ({ ctx }) => [await ctx.exports.Named.object().hello(), await (await ctx.exports.Named.object()).hello()],
  'waitUntil in an entrypoint': ({ ctx }) => ctx.exports.Named.waits(),
  'the default': async ({ ctx }, { tried }) => tried(async () => (await ctx.exports.default.fetch('http://x/rows')).status),
  'the default in an object': ({ stub }, { tried }) => tried(() => stub.viaDefault()),
  'an object of handlers': async ({ ctx }, { note, tried }) => {
    note(typeof ctx.exports.handler, await tried(async () => (await ctx.exports.handler.fetch('http://x/')).text()), await tried(() => ctx.exports.handler.other()));
  },
  'classes by their exports': async ({ ctx }, { note, tried }) => {
    note(await tried(() => ctx.exports.Obj.getByName('x').hello()), await tried(() => ctx.exports.Child.getByName('x').hello()), await tried(() => ctx.exports.Child.getByName('x').own()), typeof ctx.exports.Child.idFromName);
  },
  'the same object by both ways': async ({ env, ctx }) => [env.OBJ.idFromName('a').equals(ctx.exports.Obj.idFromName('a')), await env.OBJ.getByName('both').next(), await ctx.exports.Obj.getByName('both').next()],
  'the id of another class': ({ env }, { tried }) => tried(() => env.CHILD.get(env.OBJ.idFromName('a'))),
  'equals of another class': ({ env }) => env.CHILD.idFromName('a').equals(env.OBJ.idFromName('a')),
  'names with everything': async ({ env }) => {
    const names = ['', ' ', '\0', 'a/b', '../x', '😀', 'x'.repeat(2000), 'null', '__proto__'];
    const got = [];
    for (const name of names) got.push((await env.OBJ.getByName(name).name()) === name);
    return got;
  },
  'new on classes': async (_, { note, tried }) => {
    for (const make of [() => new DurableObject(), () => new DurableObject({}, {}), () => new WorkerEntrypoint(), () => new WorkerEntrypoint({}, {}), () => new RpcTarget(), () => DurableObject(), () => RpcTarget(), () => new workers.RpcPromise(), () => new workers.RpcProperty(), () => new workers.ServiceStub(), () => new workers.WorkflowEntrypoint({}, {}), () => new Obj({}, {})]) note(await tried(() => typeof make()));
  },
  'names of classes': () => [DurableObject, WorkerEntrypoint, RpcTarget, workers.RpcStub, workers.RpcPromise, workers.RpcProperty, workers.ServiceStub, workers.WorkflowEntrypoint].map((Class) => `${Class.name} ${Class.length} ${Object.getOwnPropertyNames(Class.prototype).sort()}`),
  'instanceof': ({ stub, ctx }) => [stub instanceof workers.RpcStub, stub.hello instanceof workers.RpcProperty, stub.hello() instanceof workers.RpcPromise, ctx.exports.Named instanceof workers.ServiceStub, ctx.exports.Named instanceof workers.RpcStub],
  'waitUntil of the module': async (_, { note, tried }) => {
    note(await tried(() => waitUntil(pause(1))), await tried(() => waitUntil()), await tried(() => waitUntil(5)));
  },
  'ctx of the handler': ({ ctx }) => {
    const names = [];
    for (const name in ctx) names.push(name);
    return [names.sort(), Object.keys(ctx), Object.prototype.toString.call(ctx), ctx.constructor.name];
  },
  'passThroughOnException': ({ ctx }, { tried }) => tried(() => ctx.passThroughOnException()),
  'the class of an object is what it is': ({ stub }) => stub.classes(),
  'errors of a constructor with its name': async ({ env }, { tried }) => tried(() => env.CHILD.getByName('bad').hello()),
  'a DOMException from an object': async ({ stub }, { note, tried }) => {
    note(await tried(() => stub.throwsDom()), await tried(() => stub.throwsClone()), await tried(() => stub.rethrows()));
  },
  'an error that passes two objects': ({ stub }, { tried }) => tried(() => stub.throughOther()),
  'errors with odd members': async ({ stub }) => {
    try {
      await stub.throwsMembers();
    } catch (error) {
      return [error.constructor.name, error.name, error.message, Object.keys(error).sort(), show(error.list), show(error.cause), error.retryable, error.overloaded, error.remote];
    }
  },
  'errors of every class': async ({ stub }, { note, tried }) => {
    for (const name of ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'AggregateError', 'Own', 'Suppressed']) note(await tried(() => stub.throwsClass(name)));
  },
  'an error whose message is long': async ({ stub }) => {
    try {
      await stub.throwsLong();
    } catch (error) {
      return error.message.length;
    }
  },
};

class Own extends RangeError {
  constructor(message) {
    super(message);
    this.name = 'Own';
    this.detail = { a: 1 };
  }
}

export class Obj extends DurableObject {
  n = 0;
  hello() {
    return 'hello';
  }
  next() {
    return ++this.n;
  }
  name() {
    return this.ctx.id.name;
  }
  env_() {
    return [this.env === moduleEnv, Object.keys(this.env).sort(), Object.keys(moduleEnv).sort(), typeof this.ctx.exports.Named];
  }
  async viaDefault() {
    return (await this.ctx.exports.default.fetch('http://x/rows')).status;
  }
  classes() {
    return [this instanceof DurableObject, this instanceof RpcTarget, Object.getPrototypeOf(this) === Obj.prototype, this.constructor.name, Object.keys(this).sort(), typeof this.ctx, typeof this.env];
  }
  throwsDom() {
    throw new DOMException('dom', 'AbortError');
  }
  throwsClone() {
    structuredClone(() => 1);
  }
  async rethrows() {
    try {
      await this.env.OBJ.getByName('another').throwsDom();
    } catch (error) {
      throw error;
    }
  }
  async throughOther() {
    return this.env.OBJ.getByName('another').throwsClass('RangeError');
  }
  throwsMembers() {
    throw Object.assign(new TypeError('members', { cause: { why: 1 } }), { list: [1, { a: 2 }], retryable: true, overloaded: false, remote: false, fn: undefined });
  }
  throwsClass(name) {
    if (name === 'Own') throw new Own('own');
    if (name === 'AggregateError') throw new AggregateError([new Error('a')], 'many');
    if (name === 'Suppressed') throw Object.assign(new Error('suppressed'), { name: 'SuppressedError' });
    throw new globalThis[name](`of ${name}`);
  }
  throwsLong() {
    throw new Error('x'.repeat(100_000));
  }
}
export class Child extends Obj {
  constructor(ctx, env) {
    super(ctx, env);
    if (ctx.id.name === 'bad') throw new RangeError('bad child');
  }
  own() {
    return 'child';
  }
}

export default answers(rows, (name, env, ctx) => line(rows[name], { env, ctx, stub: env.OBJ.getByName(name) }));

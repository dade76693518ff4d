// workerd: {"classes": ["Obj"], "together": true}
// Storage as it is seldom used: lists and options, transactions that fail or overlap, alarms with what else is written.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const four = (storage) => storage.put({ a: 1, b: 2, c: 3, d: 4 });
const keys = (map) => [...map.keys()].join('');

export const rows = {
  'list, its options together': async ({ storage }, { note, tried }) => {
    await four(storage);
    for (const options of [{ start: 'b', end: 'd' }, { start: 'b', end: 'd', reverse: true }, { startAfter: 'a', limit: 2 }, { startAfter: 'a', end: 'c', reverse: true, limit: 1 }, { end: 'a' }, { start: 'z' }, { prefix: 'b', limit: 9 }, { prefix: '', reverse: true, limit: 1 }, { limit: 2, reverse: true }, { prefix: 'c', end: 'c' }, { prefix: 'c', startAfter: 'c' }, { start: 'd', end: 'b' }, { start: 'b', end: 'b' }]) note(await tried(async () => keys(await storage.list(options))));
  },
  'list, its options of other kinds': async ({ storage }, { note, tried }) => {
    await four(storage);
    for (const options of [{ start: 5 }, { prefix: null }, { end: undefined }, { limit: '2' }, { limit: 1.9 }, { limit: 0.5 }, { limit: null }, { limit: NaN }, { limit: Infinity }, { limit: -0 }, { reverse: 'yes' }, { reverse: 0 }, { unknown: 1 }, [], new Map(), 'abc', 5, true, () => 1, null]) note(await tried(async () => keys(await storage.list(options))));
  },
  'list of characters': async ({ storage }) => {
    for (const key of ['a', 'A', 'á', 'z', '~', '\u{10ffff}', '\uffff', '0', '10', '9', ' ', '\t', 'a b', 'aa', 'ab']) await storage.put(key, 1);
    return [[...(await storage.list()).keys()].map((key) => encodeURIComponent(key)), [...(await storage.list({ prefix: 'a' })).keys()], [...(await storage.list({ prefix: '\uffff' })).keys()].length, [...(await storage.list({ start: '9', limit: 3 })).keys()]];
  },
  'a list of many, in pages': async ({ storage }) => {
    for (let n = 0; n < 10; n++) await storage.put(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${String(n * 50 + i).padStart(4, '0')}`, i])));
    const sizes = [];
    let startAfter;
    for (;;) {
      const page = await storage.list({ limit: 120, ...(startAfter && { startAfter }) });
      sizes.push(page.size);
      if (page.size < 120) break;
      startAfter = [...page.keys()].at(-1);
    }
    return sizes;
  },
  'keys of other kinds': async ({ storage }, { note, tried }) => {
    for (const key of [null, true, {}, [1, 2], 1.5, -0, new Date(0), Symbol('s'), 5n, () => 1]) note(await tried(async () => (await storage.put(key, 'v'), keys(await storage.list({ limit: 1 })))), await tried(() => storage.get(key)), await tried(() => storage.delete(key)));
  },
  'get and delete of odd arrays': async ({ storage }, { note, tried }) => {
    await four(storage);
    note(await tried(async () => show(await storage.get(['a', 'a', 'z']))), await tried(async () => show(await storage.get([1, null]))), await tried(() => storage.delete(['a', 'a'])), await tried(() => storage.delete([])), await tried(() => storage.delete(['b', 'nope', 'c'])), await tried(async () => keys(await storage.list())));
  },
  'put of odd objects': async ({ storage }, { note, tried }) => {
    for (const value of [new Map([['m', 1]]), new (class { c = 1; })(), Object.create({ inherited: 1 }), { [Symbol('s')]: 1, plain: 2 }, new Date(0), /r/, 'text', ['x'], 5, null, undefined, () => 1, { get g() { return 3; } }]) note(await tried(() => storage.put(value)), await tried(() => storage.put(value, 1)));
    return keys(await storage.list());
  },
  'methods without an await': async ({ storage }) => {
    storage.put('a', 1);
    storage.delete('a');
    storage.put('a', 2);
    const got = storage.get('a');
    storage.put('a', 3);
    return [await got, await storage.get('a')];
  },
  'a snapshot of a list': async ({ storage }) => {
    await four(storage);
    const list = storage.list();
    storage.delete(['a', 'b', 'c', 'd']);
    return [keys(await list), (await storage.list()).size];
  },
  'what a promise of storage is': ({ storage }) => [storage.get('a') instanceof Promise, storage.put('a', 1) instanceof Promise, storage.deleteAll() instanceof Promise, storage.sync() instanceof Promise, Object.prototype.toString.call(storage), storage.constructor.name],
  'errors come at once or later': async ({ storage }, { tried }) => {
    const how = async (call) => {
      try {
        const promise = call();
        try {
          await promise;
          return 'fine';
        } catch (error) {
          return `later ${error.name}`;
        }
      } catch (error) {
        return `at once ${error.name}`;
      }
    };
    return [await how(() => storage.get()), await how(() => storage.put('a')), await how(() => storage.put('a', () => 1)), await how(() => storage.list({ limit: 0 })), await how(() => storage.setAlarm('x')), await how(() => storage.transaction()), await how(() => storage.delete()), await how(() => storage.list({ start: 'a', startAfter: 'b' })), await how(() => storage.transactionSync()), await how(() => storage.kv.get())];
  },
  'a transaction whose closure waits': async ({ storage }, { note }) => {
    const order = [];
    const one = storage.transaction(async (txn) => {
      order.push('one begins');
      await pause(30);
      await txn.put('a', 1);
      order.push('one ends');
    });
    const two = storage.transaction(async (txn) => {
      order.push('two begins');
      order.push(await txn.get('a'));
    });
    const beside = storage.get('a').then((value) => order.push(`beside ${value}`));
    await Promise.all([one, two, beside]);
    note(order);
  },
  'what a transaction throws': async ({ storage }, { note, tried }) => {
    for (const what of [new RangeError('r'), 'text', undefined, { a: 1 }]) note(await tried(() => storage.transaction(async () => { throw what; })));
    note(await tried(() => storage.transaction(() => { throw new Error('at once'); })));
  },
  'a rollback and a throw': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.transaction(async (txn) => { await txn.put('a', 1); txn.rollback(); throw new Error('after'); })), show(await storage.get('a')));
    note(await tried(() => storage.transaction(async (txn) => { txn.rollback(); txn.rollback(); return 'twice'; })));
    note(await tried(() => storage.transaction(async (txn) => { txn.rollback(); return txn.put('a', 1); })), show(await storage.get('a')));
  },
  'what a transaction sees': async ({ storage }, { note }) => {
    await four(storage);
    await storage.transaction(async (txn) => {
      await txn.put('e', 5);
      await txn.delete('a');
      note(keys(await txn.list()), keys(await txn.list({ reverse: true, limit: 2 })), show(await txn.get(['a', 'e'])), keys(await storage.list()));
      txn.rollback();
    });
    return keys(await storage.list());
  },
  'a transaction that is never done': async ({ stub }, { note, tried }) => {
    note(await tried(() => Promise.race([stub.hangs(), pause(300).then(() => 'waits')])));
    note(await tried(() => Promise.race([stub.build(), pause(300).then(() => 'others wait')])));
  },
  'a transaction in a transactionSync': ({ storage }, { tried }) => tried(() => storage.transactionSync(() => storage.transaction(async () => 'inner'))),
  'a transactionSync throws and goes on': async ({ storage }, { note, tried }) => {
    storage.kv.put('a', 1);
    note(await tried(() => storage.transactionSync(() => { storage.kv.put('a', 2); storage.kv.put('b', 2); throw new RangeError('undo'); })));
    return [storage.kv.get('a'), show(storage.kv.get('b'))];
  },
  'a put that is not awaited in a transactionSync': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.transactionSync(() => { storage.put('a', 1); throw new Error('undo'); })));
    return show(await storage.get('a'));
  },
  'kv, what it refuses': async ({ storage }, { note, tried }) => {
    const { kv } = storage;
    for (const call of [() => kv.get(), () => kv.get(['a']), () => kv.put('a'), () => kv.put(), () => kv.put({ a: 1 }), () => kv.put('a', undefined), () => kv.delete(), () => kv.delete(['a']), () => kv.list('x'), () => kv.get(Symbol('s')), () => kv.list({ limit: -1 })]) note(await tried(() => show(call())));
  },
  'kv, a list that is left and gone on with': ({ storage }) => {
    for (const key of 'abcd') storage.kv.put(key, 1);
    const list = storage.kv.list();
    const seen = [];
    for (const [key] of list) {
      seen.push(key);
      if (key === 'b') break;
    }
    return [seen, [...list].map(([key]) => key), [...storage.kv.list({ reverse: true })].map(([key]) => key)];
  },
  'kv, what delete and put give': ({ storage }) => [storage.kv.put('a', 1), storage.kv.delete('a'), storage.kv.delete('a'), storage.kv.get('a')],
  'an alarm and a rollback': async ({ storage }, { note }) => {
    await storage.setAlarm(4e12);
    await storage.transaction(async (txn) => {
      await txn.setAlarm(3.9e12);
      note(await txn.getAlarm(), await storage.getAlarm());
      txn.rollback();
    });
    return storage.getAlarm();
  },
  'an alarm and an abort': async ({ stub, get }, { tried }) => [await tried(() => stub.alarmAndAbort()), await get().alarmTime()],
  'an alarm and a throw': async ({ stub, get }, { tried }) => [await tried(() => stub.alarmAndThrow()), await get().alarmTime()],
  'an alarm and deleteAll in one turn': async ({ storage }) => {
    storage.setAlarm(4e12);
    storage.deleteAll();
    storage.setAlarm(3.9e12);
    return storage.getAlarm();
  },
  'alarm times that are rounded': async ({ storage }, { note, tried }) => {
    for (const when of [4e12 + 0.4, 4e12 + 0.9, new Date(4e12 + 1), '4000000000000', 8.64e15, 8.64e15 + 1, 1e300]) note(await tried(async () => (await storage.setAlarm(when), await storage.getAlarm())));
  },
  'deleteAlarm gives nothing': async ({ storage }) => [await storage.deleteAlarm(), await storage.setAlarm(4e12), await storage.deleteAlarm(), await storage.getAlarm()],
  'sizes': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.put('k'.repeat(2048), 1)), await tried(() => storage.put('big', new Uint8Array(2_000_000))), await tried(() => storage.put('bigger', new Uint8Array(2_200_000))), await tried(() => storage.put('text', 'x'.repeat(2_200_000))), await tried(() => storage.put('wide', 'ü\u4e00'.repeat(600_000))), (await storage.list()).size);
  },
  'what deleteAll gives': async ({ storage }) => [await storage.deleteAll(), await storage.deleteAll({ allowUnconfirmed: true }), (await storage.list()).size],
  'reset of a database': async ({ stub, get }, { tried }) => [await tried(() => stub.fillAndAbort()), await get().size()],
  'members of storage': ({ storage }) => {
    const names = new Set();
    for (const name in storage) names.add(name);
    return [[...names].sort(), Object.keys(storage)];
  },
  'members of ctx': ({ ctx }) => {
    const names = new Set();
    for (const name in ctx) names.add(name);
    return [[...names].sort(), Object.keys(ctx)];
  },
  'methods of ctx off it': async ({ ctx }, { note, tried }) => {
    for (const name of ['waitUntil', 'getWebSockets', 'blockConcurrencyWhile', 'getTags', 'abort', 'acceptWebSocket', 'setWebSocketAutoResponse', 'getHibernatableWebSocketEventTimeout']) note(await tried(() => (0, ctx[name])()));
  },
  'methods of ctx without arguments': async ({ ctx }, { note, tried }) => {
    for (const name of ['waitUntil', 'blockConcurrencyWhile', 'getTags', 'acceptWebSocket', 'getWebSocketAutoResponseTimestamp']) note(await tried(() => ctx[name]()));
  },
  'waitUntil of what is no promise': async ({ ctx }, { note, tried }) => {
    for (const value of [1, null, undefined, 'x', { then: (resolve) => resolve(1) }, () => 1]) note(await tried(() => ctx.waitUntil(value)));
  },
  'bookmarks': async ({ storage }, { note, tried }) => {
    const one = await storage.getCurrentBookmark();
    note(typeof one, one.length, one.split('-').length, await tried(() => storage.getBookmarkForTime(Date.now())), await tried(() => storage.onNextSessionRestoreBookmark(one)), await tried(() => storage.getBookmarkForTime()), await tried(() => storage.onNextSessionRestoreBookmark()));
  },
  'things that are left out': async ({ ctx, storage }, { note, tried }) => {
    note(typeof ctx.facets, typeof ctx.container, typeof ctx.exports, typeof ctx.props, show(ctx.props), typeof storage.ensureReplicas, typeof storage.disableReplicas, typeof storage.primary, typeof ctx.version, typeof ctx.cache, typeof ctx.tracing);
  },
};

const builds = new Map();
export class Obj extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    builds.set(ctx.id.name, (builds.get(ctx.id.name) ?? 0) + 1);
  }
  build() {
    return builds.get(this.ctx.id.name);
  }
  run(name) {
    const { ctx, env } = this;
    return line(rows[name], { ctx, storage: ctx.storage, stub: env.OBJ.getByName(`${name} other`), get: () => env.OBJ.getByName(`${name} other`) });
  }
  hangs() {
    return this.ctx.storage.transaction(() => new Promise(() => {}));
  }
  async alarmAndAbort() {
    this.ctx.storage.setAlarm(4e12);
    this.ctx.abort('x');
  }
  async alarmAndThrow() {
    this.ctx.storage.setAlarm(4e12);
    throw new Error('x');
  }
  alarmTime() {
    return this.ctx.storage.getAlarm();
  }
  async fillAndAbort() {
    await this.ctx.storage.put('kept', 1);
    this.ctx.storage.sql.exec('CREATE TABLE t (a)');
    this.ctx.storage.put('lost', 1);
    this.ctx.abort('x');
  }
  async size() {
    return [...(await this.ctx.storage.list()).keys(), this.ctx.storage.sql.exec("SELECT count(*) AS n FROM sqlite_master WHERE name = 't'").one().n];
  }
  alarm() {}
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).run(name));

// ctx.storage as keys and values: every row has an object of its own.
import { DurableObject } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

class Point {
  constructor(x) {
    this.x = x;
  }
}

const many = (count) => Array.from({ length: count }, (_, i) => `k${String(i).padStart(3, '0')}`);
const filled = async (storage) => {
  await storage.put({ a: 1, b: 2, ba: 3, bb: 4, c: 5 });
  return storage;
};

export const rows = {
  'get of a missing key': ({ storage }) => storage.get('nope'),
  'put gives undefined': ({ storage }) => storage.put('a', 1),
  'put and get': async ({ storage }) => {
    await storage.put('a', { n: 1 });
    return storage.get('a');
  },
  'put is seen by the get after it without an await': ({ storage }) => {
    storage.put('a', 1);
    return storage.get('a');
  },
  'put takes a snapshot when called': async ({ storage }) => {
    const value = { x: 1 };
    const done = storage.put('a', value);
    value.x = 2;
    await done;
    return storage.get('a');
  },
  'every get is a copy of its own': async ({ storage }) => {
    await storage.put('a', {});
    return (await storage.get('a')) === (await storage.get('a'));
  },
  'put of undefined': ({ storage }) => storage.put('a', undefined),
  'put without a value': ({ storage }) => storage.put('a'),
  'put without anything': ({ storage }) => storage.put(),
  'put of undefined in an object of many': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.put({ a: 1, b: undefined })));
    return storage.list();
  },
  'put of null': async ({ storage }) => {
    await storage.put('a', null);
    return storage.get('a');
  },
  'put of a function': ({ storage }) => storage.put('a', () => 1),
  'put of a symbol': ({ storage }) => storage.put('a', Symbol('x')),
  'put of an object with a function in it': ({ storage }) => storage.put('a', { f() {} }),
  'put of a promise': ({ storage }) => storage.put('a', Promise.resolve(1)),
  'put of a Response': ({ storage }) => storage.put('a', new Response('x')),
  'put of Headers': ({ storage }) => storage.put('a', new Headers({ a: 'b' })),
  'put of a WeakMap': ({ storage }) => storage.put('a', new WeakMap()),
  'types that are kept': async ({ storage }) => {
    const value = { d: new Date(0), m: new Map([[1, { a: [] }]]), s: new Set(['x']), r: /x/gi, big: -10n, f: 1.5, z: -0, n: NaN, u: undefined, e: '', l: [1, , 3] };
    await storage.put('a', value);
    return storage.get('a');
  },
  'buffers and views': async ({ storage }) => {
    await storage.put('a', { ab: new Uint8Array([1, 2]).buffer, u8: new Uint8Array([3]), i16: new Int16Array([-1, 2]), f64: new Float64Array([0.5]), b64: new BigInt64Array([-1n]), dv: new DataView(new ArrayBuffer(3)) });
    return storage.get('a');
  },
  'a view of a part of a buffer': async ({ storage }) => {
    await storage.put('a', new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2));
    const value = await storage.get('a');
    return [value, value.byteOffset, value.buffer.byteLength];
  },
  'errors are kept': async ({ storage }) => {
    await storage.put('a', Object.assign(new TypeError('no'), { extra: 1 }));
    const value = await storage.get('a');
    return [value instanceof TypeError, value.message, value.extra];
  },
  'boxed primitives': async ({ storage }) => {
    await storage.put('a', [new Boolean(false), new Number(3), new String('s')]);
    return storage.get('a');
  },
  'an object that holds itself': async ({ storage }) => {
    const value = { n: 1 };
    value.self = value;
    await storage.put('a', value);
    const back = await storage.get('a');
    return back.self === back;
  },
  'instances become plain objects': async ({ storage }) => {
    await storage.put('a', new Point(3));
    const value = await storage.get('a');
    return [value.constructor.name, value];
  },
  'strings of every kind': async ({ storage }) => {
    const texts = ['', 'é', '😀', 'a\0b', '\ud800', 'x'.repeat(10)];
    await storage.put('a', texts);
    return (await storage.get('a')).map((text, i) => text === texts[i]);
  },
  'keys are strings': async ({ storage }) => {
    await storage.put(5, 'five');
    await storage.put(null, 'null');
    return [await storage.get('5'), await storage.get(5), await storage.get('null'), await storage.list()];
  },
  'the empty key': async ({ storage }) => {
    await storage.put('', 1);
    return [await storage.get(''), await storage.list()];
  },
  'a key with NUL in it': async ({ storage }) => {
    await storage.put('a\0b', 1);
    await storage.put('a', 2);
    return [await storage.get('a\0b'), await storage.list(), await storage.delete('a\0b'), await storage.get('a')];
  },
  'a key with a lone surrogate': async ({ storage }) => {
    await storage.put('\ud800', 1);
    return [await storage.get('\ud800'), await storage.get('\ufffd'), [...(await storage.list()).keys()].map((key) => key.charCodeAt(0))];
  },
  'long keys': async ({ storage }, { note, tried }) => {
    for (const length of [2048, 2049, 100_000]) {
      note(length, await tried(() => storage.put('k'.repeat(length), length)), await tried(() => storage.get('k'.repeat(length))));
    }
  },
  'a value of 2 MiB and one above': async ({ storage }, { note, tried }) => {
    const MiB = 1024 * 1024;
    for (const length of [2 * MiB - 100, 2 * MiB + 100, 3 * MiB, 17 * MiB]) note(length, await tried(() => storage.put('a', 'x'.repeat(length))));
    return (await storage.get('a'))?.length;
  },
  'put of many': async ({ storage }) => {
    await storage.put({ b: 2, a: 1 });
    return storage.list();
  },
  'put of an empty object': async ({ storage }) => {
    await storage.put({});
    return storage.list();
  },
  'put of 129 keys, get and delete of them': async ({ storage }) => {
    const keys = many(129);
    await storage.put(Object.fromEntries(keys.map((key, i) => [key, i])));
    return [(await storage.get(keys)).size, await storage.delete(keys), (await storage.list()).size];
  },
  'put of a string for many': ({ storage }) => storage.put('ab'),
  'put of many with options': async ({ storage }) => {
    await storage.put({ a: 1 }, { allowUnconfirmed: true, noCache: true });
    return storage.list();
  },
  'put of many whose key is a value': async ({ storage }) => {
    await storage.put({ a: { allowUnconfirmed: true } });
    return storage.get('a');
  },
  'options of get, put and delete': async ({ storage }) => {
    await storage.put('a', 1, { allowUnconfirmed: true, allowConcurrency: true, noCache: true });
    return [await storage.get('a', { allowConcurrency: true, noCache: true }), await storage.delete('a', { allowUnconfirmed: true }), await storage.get(['a'], { noCache: true })];
  },
  'options that are null': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.put('a', 1, null)));
    note(await tried(() => storage.get('a', null)));
    note(await tried(() => storage.list(null)));
    note(await tried(() => storage.list(undefined)));
    note(await tried(() => storage.get('a', 5)));
  },
  'get of many is sorted': async ({ storage }) => (await filled(storage)).get(['c', 'nope', 'a', 'b', 'a']),
  'get of none': ({ storage }) => storage.get([]),
  'get without a key': ({ storage }) => storage.get(),
  'get of an object': ({ storage }) => storage.get({}),
  'get of a set of keys': async ({ storage }) => (await filled(storage)).get(new Set(['a'])),
  'delete says whether there was one': async ({ storage }) => [await (await filled(storage)).delete('a'), await storage.delete('a')],
  'delete of many says how many': async ({ storage }) => [await (await filled(storage)).delete(['a', 'b', 'nope', 'a']), await storage.delete([])],
  'delete without a key': ({ storage }) => storage.delete(),
  'list of everything': async ({ storage }) => (await filled(storage)).list(),
  'list of nothing': ({ storage }) => storage.list(),
  'list with a prefix': async ({ storage }) => (await filled(storage)).list({ prefix: 'b' }),
  'list with the empty prefix': async ({ storage }) => (await filled(storage)).list({ prefix: '' }),
  'list from a start to an end': async ({ storage }) => (await filled(storage)).list({ start: 'b', end: 'c' }),
  'list after a start': async ({ storage }) => (await filled(storage)).list({ startAfter: 'b' }),
  'list after an empty start': async ({ storage }) => (await filled(storage)).list({ startAfter: '' }),
  'list with both starts': ({ storage }) => storage.list({ start: 'a', startAfter: 'a' }),
  'list backwards with a limit': async ({ storage }) => (await filled(storage)).list({ reverse: true, limit: 2 }),
  'list backwards between two': async ({ storage }) => (await filled(storage)).list({ reverse: true, start: 'b', end: 'c' }),
  'list backwards after a start': async ({ storage }) => (await filled(storage)).list({ reverse: true, startAfter: 'b' }),
  'list with a prefix and a start': async ({ storage }) => (await filled(storage)).list({ prefix: 'b', start: 'ba' }),
  'list with a prefix and a start before it': async ({ storage }) => (await filled(storage)).list({ prefix: 'b', start: 'a', end: 'bb' }),
  'list with a prefix and a start behind it': async ({ storage }) => (await filled(storage)).list({ prefix: 'b', start: 'c' }),
  'list with a prefix, backwards, with a limit': async ({ storage }) => (await filled(storage)).list({ prefix: 'b', reverse: true, limit: 1 }),
  'list with an end before its start': async ({ storage }) => (await filled(storage)).list({ start: 'c', end: 'a' }),
  'list with limits that are none': async ({ storage }, { note, tried }) => {
    await filled(storage);
    for (const limit of [0, -1, 1.9, NaN, '2', null, undefined, 2 ** 31, Infinity]) note(String(limit), await tried(async () => (await storage.list({ limit })).size));
  },
  'list with keys that are numbers': async ({ storage }) => {
    await storage.put({ 1: 'a', 10: 'b', 2: 'c' });
    return storage.list({ start: 10, prefix: 1 });
  },
  'list is ordered by the bytes of UTF-8': async ({ storage }) => {
    await storage.put({ '\u{1F600}': 1, '\uFFFD': 2, Z: 3, é: 4, a: 5, '': 6 });
    return storage.list();
  },
  'list with a prefix at the last character': async ({ storage }) => {
    await storage.put({ '\u{10FFFF}': 1, '\u{10FFFF}a': 2, '\uFFFF': 3, '\uFFFFz': 4, '\u007f': 5, '\u007fa': 6 });
    return [await storage.list({ prefix: '\u{10FFFF}' }), await storage.list({ prefix: '\uFFFF' }), await storage.list({ prefix: '\u007f' })];
  },
  'list is a copy': async ({ storage }) => {
    const before = await (await filled(storage)).list({ prefix: 'b' });
    await storage.delete('b');
    return before;
  },
  'deleteAll': async ({ storage, sql }) => {
    await filled(storage);
    sql.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    const gave = await storage.deleteAll();
    return [gave, await storage.list(), sql.exec("SELECT name FROM sqlite_master WHERE name = 't'").toArray()];
  },
  'deleteAll, then on': async ({ storage, sql }) => {
    await filled(storage);
    await storage.deleteAll();
    await storage.put('z', 1);
    sql.exec('CREATE TABLE t (a)');
    return storage.list();
  },
  'deleteAll without an await is seen by the next call': async ({ storage }) => {
    await filled(storage);
    storage.deleteAll();
    storage.put('y', 1);
    return storage.list();
  },
  'deleteAll in a transaction': ({ storage }, { tried, note }) =>
    storage.transaction(async (txn) => {
      note(typeof txn.deleteAll, await tried(() => txn.deleteAll()));
      note(await tried(() => storage.deleteAll()));
      return 'done';
    }),
  'deleteAll in a synchronous transaction': ({ storage }, { note }) => {
    storage.kv.put('a', 1);
    try {
      storage.transactionSync(() => storage.deleteAll().catch((error) => note('rejected', error)));
    } catch (error) {
      note('threw', error);
    }
    return storage.get('a');
  },
  'transaction gives what its closure gave': async ({ storage }, { note }) => {
    note(await storage.transaction(async (txn) => (await txn.put('a', 1), await txn.get('a'))));
    return storage.get('a');
  },
  'transaction of a closure that is not async': ({ storage }) => storage.transaction(() => 7),
  'transaction that throws is rolled back': async ({ storage }, { note, tried }) => {
    await storage.put('a', 1);
    note(
      await tried(() =>
        storage.transaction(async (txn) => {
          await txn.put('a', 2);
          throw new RangeError('no');
        }),
      ),
    );
    return storage.get('a');
  },
  'transaction whose closure throws at once': async ({ storage }, { note, tried }) => {
    note(
      await tried(() =>
        storage.transaction((txn) => {
          txn.put('a', 2);
          throw new RangeError('no');
        }),
      ),
    );
    return storage.get('a');
  },
  'transaction rolled back by itself': async ({ storage }, { note }) => {
    note(
      await storage.transaction(async (txn) => {
        await txn.put('a', 2);
        note('rollback', txn.rollback());
        return 'gave';
      }),
    );
    return storage.get('a');
  },
  'a transaction after its rollback': ({ storage }, { tried, note }) =>
    storage.transaction(async (txn) => {
      await txn.put('a', 1);
      txn.rollback();
      note(await tried(() => txn.get('a')));
      note(await tried(() => txn.put('a', 3)));
      note(await tried(() => txn.list()));
      note(await tried(() => txn.rollback()));
      note(await tried(() => storage.get('a')));
    }),
  'a transaction after its end': async ({ storage }, { tried, note }) => {
    let kept;
    await storage.transaction(async (txn) => {
      kept = txn;
    });
    for (const call of [() => kept.get('a'), () => kept.put('a', 1), () => kept.delete('a'), () => kept.list(), () => kept.getAlarm(), () => kept.setAlarm(1e15), () => kept.deleteAlarm(), () => kept.rollback()]) note(await tried(call));
  },
  'storage inside a transaction belongs to it': async ({ storage, sql }) => {
    sql.exec('CREATE TABLE t (a)');
    await storage.transaction(async (txn) => {
      await storage.put('a', 1);
      storage.kv.put('b', 1);
      sql.exec('INSERT INTO t VALUES (1)');
      txn.rollback();
    });
    return [await storage.list(), sql.exec('SELECT * FROM t').toArray()];
  },
  'a transaction with get, put, delete and list of its own': ({ storage }) =>
    storage.transaction(async (txn) => {
      await txn.put({ a: 1, b: 2, c: 3 });
      return [await txn.get(['b', 'a']), await txn.delete('a'), await txn.delete(['b', 'x']), await txn.list({ reverse: true })];
    }),
  'what a transaction has': ({ storage }) => storage.transaction(async (txn) => [txn.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(txn)).sort(), Object.keys(txn)]),
  'two transactions at once are one after the other': async ({ storage }) => {
    const add = () =>
      storage.transaction(async (txn) => {
        const n = (await txn.get('n')) ?? 0;
        await new Promise((resolve) => setTimeout(resolve, 5));
        await txn.put('n', n + 1);
        return n + 1;
      });
    return Promise.all([add(), add(), add()]);
  },
  'when the closure of a transaction begins': async ({ storage }, { note }) => {
    const done = storage.transaction(async () => note('inside'));
    note('after the call');
    await done;
  },
  'a write beside the call of a transaction that is rolled back': async ({ storage }) => {
    const done = storage.transaction(async (txn) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      txn.rollback();
    });
    storage.put('beside', 1);
    await done;
    return storage.list();
  },
  'a transaction inside a transaction': async ({ storage }, { note, tried }) => {
    note(
      await tried(() =>
        storage.transaction(async (txn) => {
          await txn.put('a', 1);
          note(
            'inner',
            await tried(() =>
              storage.transaction(async (inner) => {
                await inner.put('b', 1);
                throw new Error('inner');
              }),
            ),
          );
          await txn.put('c', 1);
        }),
      ),
    );
    return storage.list();
  },
  'transaction without a closure': ({ storage }) => storage.transaction(),
  'transaction of something else': ({ storage }) => storage.transaction(5),
  'transactionSync gives what its closure gave': ({ storage }) => storage.transactionSync(() => (storage.kv.put('a', 1), storage.kv.get('a'))),
  'transactionSync that throws is rolled back': async ({ storage, sql }, { note, tried }) => {
    sql.exec('CREATE TABLE t (a)');
    storage.kv.put('a', 1);
    note(
      await tried(() =>
        storage.transactionSync(() => {
          storage.kv.put('a', 2);
          storage.put('b', 2);
          sql.exec('INSERT INTO t VALUES (1)');
          throw new RangeError('no');
        }),
      ),
    );
    return [await storage.list(), sql.exec('SELECT count(*) AS n FROM t').one()];
  },
  'transactionSync nests': ({ storage }, { note }) => {
    storage.transactionSync(() => {
      storage.kv.put('a', 1);
      try {
        storage.transactionSync(() => {
          storage.kv.put('b', 1);
          throw new Error('inner');
        });
      } catch (error) {
        note(error);
      }
      storage.transactionSync(() => storage.kv.put('c', 1));
    });
    return [...storage.kv.list()];
  },
  'transactionSync of an async function': async ({ storage }) => {
    const gave = storage.transactionSync(async () => {
      storage.kv.put('a', 1);
      await 0;
      storage.kv.put('b', 1);
    });
    return [gave instanceof Promise, await gave, await storage.list()];
  },
  'transactionSync without a closure': ({ storage }) => storage.transactionSync(),
  'transactionSync inside a transaction': async ({ storage }) => {
    await storage.transaction(async (txn) => {
      storage.transactionSync(() => storage.kv.put('a', 1));
      await txn.put('b', 1);
      txn.rollback();
    });
    return storage.list();
  },
  'kv: get, put and delete': ({ storage: { kv } }) => [kv.get('a'), kv.put('a', 1), kv.get('a'), kv.delete('a'), kv.delete('a')],
  'kv: is the same store': async ({ storage }) => {
    storage.kv.put('a', 1);
    await storage.put('b', 2);
    return [await storage.get('a'), storage.kv.get('b')];
  },
  'kv: put of undefined': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.kv.put('a', undefined)));
    note(await tried(() => storage.kv.put('a')));
    note(await tried(() => storage.kv.put({ a: 1 })));
    note(await tried(() => storage.kv.get()));
    note(await tried(() => storage.kv.get(['a'])));
    note(await tried(() => storage.kv.delete(['a'])));
    return storage.list();
  },
  'kv: put of a function': ({ storage: { kv } }) => kv.put('a', () => 1),
  'kv: list with its options': ({ storage: { kv } }) => {
    for (const key of ['a', 'b', 'ba', 'c']) kv.put(key, key);
    return [[...kv.list()], [...kv.list({ prefix: 'b' })], [...kv.list({ start: 'b', end: 'c', reverse: true })], [...kv.list({ startAfter: 'b', limit: 1 })]];
  },
  'kv: list refuses what list refuses': async ({ storage: { kv } }, { note, tried }) => {
    note(await tried(() => kv.list({ start: 'a', startAfter: 'a' })));
    note(await tried(() => kv.list({ limit: 0 })));
    note(await tried(() => kv.list({ limit: -1 })));
  },
  'kv: what list gives': ({ storage: { kv } }) => {
    kv.put('a', 1);
    const list = kv.list();
    return [typeof list.next, list[Symbol.iterator]?.() === list, Object.prototype.toString.call(list), list.next(), list.next(), list.next()];
  },
  'kv: list while keys are written': ({ storage: { kv } }) => {
    for (const key of ['a', 'b', 'c']) kv.put(key, 1);
    const seen = [];
    for (const [key] of kv.list()) {
      seen.push(key);
      if (key === 'a') {
        kv.delete('b');
        kv.put('d', 1);
      }
    }
    return seen;
  },
  'kv: what it has': ({ storage: { kv } }) => [kv.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(kv)).sort()],
  'what storage has': ({ storage }) => [storage.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(storage)).sort(), Object.keys(storage), Object.prototype.toString.call(storage)],
  'kv and sql are always the same objects': ({ storage }) => [storage.kv === storage.kv, storage.sql === storage.sql],
  'sync': async ({ storage }) => {
    storage.put('a', 1);
    return storage.sync();
  },
  'getCurrentBookmark': async ({ storage }) => {
    const bookmark = await storage.getCurrentBookmark();
    return [typeof bookmark, /^[0-9a-f]{8}-/.test(bookmark)];
  },
  'getBookmarkForTime': ({ storage }) => storage.getBookmarkForTime(Date.now()),
  'onNextSessionRestoreBookmark': ({ storage }) => storage.onNextSessionRestoreBookmark('00000000-00000000-00000000-00000000'),
  'what is thrown at once and what is rejected': ({ storage }) => {
    const how = (fn) => {
      try {
        const promise = fn();
        promise.catch(() => {});
        return 'rejects';
      } catch {
        return 'throws';
      }
    };
    return [() => storage.get(), () => storage.put('a'), () => storage.put('a', () => 1), () => storage.put('a', 'x'.repeat(17825792)), () => storage.list({ limit: 0 }), () => storage.delete(), () => storage.setAlarm('x'), () => storage.setAlarm(-1), () => storage.transaction(5), () => storage.transaction(() => { throw 1; })].map(how);
  },
  'what is inherited is not put': async ({ storage }) => {
    await storage.put(Object.assign(Object.create({ a: 1 }), { b: 2, [Symbol('c')]: 3 }));
    return storage.list();
  },
  'what is put of arrays and maps': async ({ storage }) => {
    await storage.put(['x', 'y']);
    await storage.put(new Map([['m', 1]]));
    return storage.list();
  },
  'put whose options are something else': ({ storage }, { note, tried }) => tried(() => storage.put('a', 1, 'x')).then((said) => note(said)),
  'one bad value of many puts none': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.put({ a: 1, b: () => 1 })));
    return storage.list();
  },
  'a big list comes whole': async ({ storage }) => {
    await storage.put(Object.fromEntries(many(1000).map((key) => [key, 'x'.repeat(100)])));
    const list = await storage.list();
    return [list.size, [...list.keys()].join() === many(1000).sort().join(), (await storage.list({ limit: 10, startAfter: 'k500' })).size];
  },
  'methods off their object': ({ storage: { get } }) => get('a'),
  'reads and increments of three at once': async ({ storage }) => {
    const add = async () => {
      const n = (await storage.get('n')) ?? 0;
      await storage.put('n', n + 1);
      return n + 1;
    };
    return Promise.all([add(), add(), add()]);
  },
  'the table of keys': async ({ storage, sql }) => {
    const tables = () => sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").toArray();
    const before = tables();
    await storage.put('a', 1);
    return [before, tables()];
  },
};

export class Obj extends DurableObject {
  row(name) {
    const { storage } = this.ctx;
    return line(rows[name], { storage, sql: storage.sql });
  }
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).row(name));

// workerd: {"sql": false}
// ctx.storage of a class that has no SQL.
import { DurableObject } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

export const rows = {
  'sql': ({ storage }) => storage.sql.exec('SELECT 1'),
  'sql, its size': ({ storage }) => storage.sql.databaseSize,
  'what sql is': ({ storage }) => typeof storage.sql,
  'kv': ({ storage }) => [storage.kv.put('a', 1), storage.kv.get('a')],
  'what kv is': ({ storage }) => typeof storage.kv,
  'put and get': async ({ storage }) => {
    await storage.put({ b: 2, a: 1 });
    return [await storage.get('a'), await storage.list()];
  },
  'long keys': async ({ storage }, { note, tried }) => {
    for (const length of [2048, 2049]) note(length, await tried(() => storage.put('k'.repeat(length), 1)));
  },
  'big values': async ({ storage }, { note, tried }) => {
    for (const length of [131_000, 131_072, 3_000_000]) note(length, await tried(() => storage.put('a', new Uint8Array(length))));
  },
  'many keys': async ({ storage }, { note, tried }) => {
    const keys = Array.from({ length: 129 }, (_, i) => `k${i}`);
    note(await tried(() => storage.put(Object.fromEntries(keys.map((key) => [key, 1])))));
    note(await tried(async () => (await storage.get(keys)).size));
    note(await tried(() => storage.delete(keys)));
  },
  'transaction': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.transaction(async (txn) => {
      await txn.put('a', 1);
      throw new Error('undo');
    })));
    return storage.list();
  },
  'transactionSync': async ({ storage }, { note, tried }) => {
    note(await tried(() => storage.transactionSync(() => {
      storage.put('a', 1);
      throw new Error('undo');
    })));
    return storage.list();
  },
  'deleteAll': async ({ storage }) => {
    await storage.put('a', 1);
    await storage.deleteAll();
    return storage.list();
  },
  'bookmarks': ({ storage }, { note, tried }) => tried(() => storage.getCurrentBookmark()).then((said) => note(said)),
};

export class Obj extends DurableObject {
  row(name) {
    const { storage } = this.ctx;
    return line(rows[name], { storage });
  }
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).row(name));

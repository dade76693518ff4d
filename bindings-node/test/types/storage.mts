// What an object in TypeScript writes to its storage has to compile, with types of its own.
import type { DurableObjectState, DurableObjectStorage } from 'wspair';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>() => {};

export async function use(ctx: DurableObjectState): Promise<void> {
  const { storage } = ctx;
  is<Equal<typeof storage, DurableObjectStorage>>();

  const one = await storage.get<number>('a');
  is<Equal<typeof one, number | undefined>>();
  const many = await storage.get<number>(['a', 'b']);
  is<Equal<typeof many, Map<string, number>>>();
  await storage.put('a', { any: 'thing' });
  await storage.put({ a: 1, b: 2 }, { allowUnconfirmed: true });
  const deleted = await storage.delete('a');
  is<Equal<typeof deleted, boolean>>();
  const count = await storage.delete(['a', 'b']);
  is<Equal<typeof count, number>>();
  const listed = await storage.list<Date>({ prefix: 'a', reverse: true, limit: 10 });
  is<Equal<typeof listed, Map<string, Date>>>();
  // @ts-expect-error a key is a text
  await storage.get(5);
  // @ts-expect-error there is no such option
  await storage.list({ after: 'a' });

  await storage.setAlarm(new Date());
  const alarm = await storage.getAlarm();
  is<Equal<typeof alarm, number | null>>();

  const gave = await storage.transaction(async (txn) => {
    await txn.put('a', 1);
    txn.rollback();
    return 7;
  });
  is<Equal<typeof gave, number>>();
  const sync = storage.transactionSync(() => storage.kv.get<string>('a'));
  is<Equal<typeof sync, string | undefined>>();

  for (const row of storage.sql.exec<{ id: number; name: string }>('SELECT * FROM t WHERE id = ?', 1)) {
    is<Equal<typeof row, { id: number; name: string }>>();
  }
  const size = storage.sql.databaseSize;
  is<Equal<typeof size, number>>();
  for (const [key, value] of storage.kv.list<number>({ prefix: 'a' })) is<Equal<[typeof key, typeof value], [string, number]>>();
}

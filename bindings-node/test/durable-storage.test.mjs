// The storage of Durable Objects: what is kept, when, and where; what cannot be kept.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from 'wspair';
import { until as within } from './helpers.mjs';

const require = createRequire(import.meta.url);
const until = (condition, ms = 30_000) => within(condition, ms);
const { openState } = require('../dist/durable/storage/index.js');
const { library } = require('../dist/durable/storage/libraries.js');
const { Alarms } = require('../dist/durable/storage/alarms.js');
const { MemoryStore } = require('../dist/durable/storage/memory-store.js');
const { SqliteStore } = require('../dist/durable/storage/sqlite-store.js');
const { Files, MEMORY } = require('../dist/durable/storage/files.js');
const { statements } = require('../dist/durable/storage/sql-text.js');
const { setReporter } = require('../dist/internal.js');

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const skip = library() === undefined && 'there is no SQLite here';
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const KEY = 'a'.repeat(64);

function temporary(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'state-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A state, closed when the test ends. */
function state(t, where) {
  const opened = openState(where);
  let open = true;
  const close = () => {
    if (open) opened.close();
    open = false;
  };
  t.after(close);
  return Object.assign(Object.create(opened), { opened, close, object: (id, host) => object(opened, id, host) });
}

function object(opened, id, host = {}) {
  const broken = [];
  const store = opened.object(KEY, id, {
    name: id,
    sql: true,
    alarmHandler: true,
    deleteAllDeletesAlarm: true,
    exclusively: (body) => body(),
    broken: (error) => broken.push(error),
    ...host,
  });
  return Object.assign(store, { broken });
}

const fileOf = (folder, id) => path.join(folder, KEY, `${id}.sqlite`);

describe('what is kept', { skip }, () => {
  test('what was put is there after the state is opened anew', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    const { storage } = first.object('a');
    await storage.put('key', new Map([[1, { deep: new Date(5) }]]));
    storage.sql.exec('CREATE TABLE t (a); INSERT INTO t VALUES (7)');
    await storage.setAlarm(4e12);
    first.close();
    const again = state(t, folder).object('a').storage;
    assert.deepEqual(await again.get('key'), new Map([[1, { deep: new Date(5) }]]));
    assert.deepEqual(again.sql.exec('SELECT a FROM t').toArray(), [{ a: 7 }]);
    assert.equal(await again.getAlarm(), 4e12);
  });

  test('what only reads makes no file', async (t) => {
    const folder = temporary(t);
    const { storage } = state(t, folder).object('a');
    assert.equal(await storage.get('key'), undefined);
    assert.equal((await storage.list()).size, 0);
    assert.equal(await storage.getAlarm(), null);
    assert.equal(await storage.delete('key'), false);
    assert.equal(existsSync(fileOf(folder, 'a')), false);
  });

  test('a turn is on the disk whole or not at all', async (t) => {
    const folder = temporary(t);
    const opened = state(t, folder);
    const writer = opened.object('a');
    await writer.storage.put('before', 1);
    assert.equal(writer.commit(), true);
    // Another connection sees what is committed, and nothing else.
    const seen = () => [...object(opened.opened, 'a').storage.kv.list()].map(([key]) => key);
    writer.storage.put('one', 1);
    await writer.storage.put('two', 2);
    writer.storage.sql.exec('CREATE TABLE t (a)');
    assert.equal(writer.dirty, true);
    assert.deepEqual(seen(), ['before']);
    await turn();
    assert.equal(writer.dirty, false);
    assert.deepEqual(seen(), ['before', 'one', 'two']);
  });

  test('what is discarded takes the turn back, and is used no more', async (t) => {
    const opened = state(t, temporary(t));
    const aborted = opened.object('a');
    await aborted.storage.put('kept', 1);
    await aborted.storage.sync();
    aborted.storage.put('lost', 1);
    aborted.discard(new Error('aborted'));
    await assert.rejects(aborted.storage.get('kept'), /^Error: aborted$/);
    await assert.rejects(aborted.storage.put('more', 1), /^Error: aborted$/);
    assert.throws(() => aborted.storage.sql.exec('SELECT 1'), /^Error: aborted$/);
    assert.throws(() => aborted.storage.kv.list(), /^Error: aborted$/);
    assert.throws(() => aborted.storage.transactionSync(() => 1), /^Error: aborted$/);
    assert.deepEqual([...opened.object('a').storage.kv.list()], [['kept', 1]]);
  });

  test('a transaction that is open when its object ends is undone', async (t) => {
    const opened = state(t, temporary(t));
    const evicted = opened.object('a');
    let failed;
    const done = evicted.storage.transaction(async (txn) => {
      await txn.put('half', 1);
      await turn();
      evicted.close();
      await turn();
    });
    await assert.rejects(done, /no longer running/);
    assert.equal(failed, undefined);
    assert.deepEqual([...opened.object('a').storage.kv.list()], []);
  });

  test('a transaction that takes several turns is committed at its end', async (t) => {
    const opened = state(t, temporary(t));
    const { storage } = opened.object('a');
    const seen = () => [...object(opened.opened, 'a').storage.kv.list()].map(([key]) => key);
    await storage.transaction(async (txn) => {
      await txn.put('one', 1);
      await turn();
      await txn.put('two', 1);
      await turn();
      assert.deepEqual(seen(), []);
    });
    await storage.sync();
    assert.deepEqual(seen(), ['one', 'two']);
  });

  test('deleteAll leaves no file, and the object goes on', async (t) => {
    const folder = temporary(t);
    const { storage } = state(t, folder).object('a');
    await storage.put('key', 'x'.repeat(1e6));
    storage.sql.exec('CREATE TABLE t (a REFERENCES t(a)); CREATE VIEW v AS SELECT * FROM t; CREATE VIRTUAL TABLE f USING fts5(x)');
    const cursor = storage.sql.exec('SELECT name FROM sqlite_master');
    await storage.deleteAll();
    assert.equal(existsSync(fileOf(folder, 'a')), false);
    assert.throws(() => cursor.toArray(), { message: 'SQLite query was canceled because the database was deleted.' });
    await storage.put('again', 1);
    await storage.sync();
    assert.deepEqual([...storage.kv.list()], [['again', 1]]);
  });

  test('deleteAll at an older date keeps the alarm', async (t) => {
    const folder = temporary(t);
    const opened = state(t, folder);
    const { storage } = opened.object('a', { deleteAllDeletesAlarm: false });
    await storage.setAlarm(4e12);
    await storage.put('key', 1);
    await storage.deleteAll();
    opened.close();
    const again = state(t, folder);
    assert.deepEqual([...again.object('a').storage.kv.list()], []);
    assert.equal(await again.object('a').storage.getAlarm(), 4e12);
    assert.equal(again.opened.alarms.next(), 4e12);
  });

  test('a class that is called otherwise keeps its key, and a new one of its old name has another', (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    const key = first.opened.namespaceKey('worker', 'Old');
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(first.opened.namespaceKey('worker', 'Old'), key);
    assert.notEqual(first.opened.namespaceKey('other', 'Old'), key);
    first.close();
    const second = state(t, folder);
    assert.equal(second.opened.namespaceKey('worker', 'New', ['Older', 'Old']), key);
    assert.notEqual(second.opened.namespaceKey('worker', 'Old'), key);
    assert.equal(second.opened.namespaceKey('worker', 'New'), key);
  });

  test('the ids that have something stored', async (t) => {
    const opened = state(t, temporary(t));
    await opened.object('b').storage.put('key', 1);
    await opened.object('c').storage.get('key');
    assert.deepEqual(opened.opened.ids(KEY), ['b']);
  });

  test('no more than some hundred files are open at once', { skip: process.platform !== 'linux' }, async (t) => {
    const opened = state(t, temporary(t));
    const stores = Array.from({ length: 400 }, (_, i) => opened.object(`object-${i}`));
    for (const { storage } of stores) {
      await storage.put('key', 1);
      await storage.sync();
    }
    const open = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith('.sqlite');
      } catch {
        return false;
      }
    });
    assert.ok(open.length <= 260, `${open.length} are open`);
    for (const { storage } of stores) assert.equal(await storage.get('key'), 1);
  });

  test('in memory it lasts as long as the state, without files', async (t) => {
    const opened = state(t, 'memory');
    const first = opened.object('a');
    await first.storage.put('key', 1);
    first.close();
    assert.equal(await opened.object('a').storage.get('key'), 1);
    assert.deepEqual(opened.opened.ids(KEY), ['a']);
  });
});

describe('what cannot be kept', { skip }, () => {
  const hold = `
    const { openState } = require(${JSON.stringify(fileURLToPath(new URL('../dist/durable/storage/index.js', import.meta.url)))});
    globalThis.state = openState(process.argv[1]);
    console.log('open');
    setInterval(() => {}, 1000);`;

  test('a folder in use is refused with one line that names the process, until that one is killed', async (t) => {
    const folder = temporary(t);
    const child = spawn(process.execPath, ['-e', hold, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    assert.throws(() => openState(folder), { message: `wspair: the state folder ${folder} is in use by process ${child.pid}` });
    child.kill('SIGKILL');
    await once(child, 'exit');
    state(t, folder);
  });

  test('the same in one process', (t) => {
    const folder = temporary(t);
    state(t, folder);
    assert.throws(() => openState(folder), { message: `wspair: the state folder ${folder} is in use by process ${process.pid}` });
  });

  test('what does not start leaves no folder where there was none, and one that was there as it was', async (t) => {
    const folder = temporary(t);
    const worker = { default: { fetch() {} } };
    const write = (name, text) => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const failing = {
      'a class that is not exported': (state) => serve(worker, { port: 0, state, durableObjects: { ROOM: 'Room' } }),
      'a port in use': async (state) => {
        const first = await serve(worker, { port: 0 });
        t.after(() => first.close());
        await serve({ ...worker, Room: class {} }, { port: first.port, state, durableObjects: { ROOM: 'Room' } });
      },
      'a module that throws': (state) => command(write('throws.mjs', 'throw new Error("at the top")'), state),
      'a module without a handler': (state) => command(write('bare.mjs', 'export class Room {}'), state),
    };
    for (const [why, start] of Object.entries(failing)) {
      await assert.rejects(start(path.join(folder, 'new', 'state')), why);
      assert.equal(existsSync(path.join(folder, 'new')), false, why);

      const kept = path.join(folder, why);
      const opened = openState(kept);
      const store = object(opened, 'a');
      await store.storage.put('key', 1);
      store.close();
      opened.close();
      // It made the folder, and all the same leaves what was stored.
      opened.removeIfUnused();
      await assert.rejects(start(kept), why);
      assert.equal(await state(t, kept).object('a').storage.get('key'), 1, why);
    }

    async function command(module, state) {
      writeFileSync(path.join(folder, 'wrangler.json'), JSON.stringify({
        name: 'x', main: module, compatibility_date: '2026-01-01', durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Room' }] },
      }));
      await promisify(execFile)(process.execPath, [cli, '--state', state, '--port', '0'], { cwd: folder });
    }
  });

  test('a damaged database fails the calls of its object, is left as it is, and no other object sees it', async (t) => {
    const folder = temporary(t);
    const opened = state(t, folder);
    mkdirSync(path.join(folder, KEY));
    writeFileSync(fileOf(folder, 'bad'), 'this is not a database, but long enough to be one '.repeat(200));
    const before = readFileSync(fileOf(folder, 'bad'));
    const bad = opened.object('bad');
    for (const call of [() => bad.storage.get('key'), () => bad.storage.put('key', 1), () => bad.storage.list(), () => bad.storage.setAlarm(4e12), async () => bad.storage.sql.exec('SELECT * FROM t')]) {
      await assert.rejects(call, (error) => error.message.startsWith(`wspair: ${fileOf(folder, 'bad')} is damaged (`) && !error.message.includes('\n'));
    }
    await turn();
    assert.deepEqual(readFileSync(fileOf(folder, 'bad')), before);
    await opened.object('good').storage.put('key', 1);
  });

  test('a damaged index is refused with one line; moved away, the alarms are found in the objects', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    await first.object('a').storage.setAlarm(4e12);
    await first.object('b').storage.put('key', 1);
    first.close();
    const index = path.join(folder, 'metadata.sqlite');
    writeFileSync(index, 'x'.repeat(10_000));
    assert.throws(() => openState(folder), (error) => error.message.startsWith(`wspair: ${index} is damaged (`) && !error.message.includes('\n'));
    renameSync(index, `${index}.bad`);
    assert.equal(state(t, folder).opened.alarms.next(), 4e12);
  });

  test('a folder that cannot be made is refused with one line', (t) => {
    const file = path.join(temporary(t), 'file');
    writeFileSync(file, '');
    assert.throws(() => openState(path.join(file, 'state')), (error) => error.message.startsWith('wspair: cannot store objects in ') && !error.message.includes('\n'));
  });

  test('on a disk that is full the object is told, what was committed stays, and nothing of the lost turn', { skip: process.platform === 'win32' }, async (t) => {
    const folder = temporary(t);
    const script = `${hold}
      const broken = [];
      const store = state.object(${JSON.stringify(KEY)}, 'a', { name: 'a', sql: true, alarmHandler: true, deleteAllDeletesAlarm: true, exclusively: (body) => body(), broken: (error) => broken.push(error.message) });
      (async () => {
        let kept = 0;
        for (let i = 0; i < 100 && broken.length === 0; i++) {
          let wrote = true;
          try {
            store.storage.put('first ' + i, i);
            await store.storage.put('second ' + i, 'x'.repeat(30000));
          } catch (error) { wrote = false; }
          if (store.commit() && wrote) kept = i + 1; else break;
        }
        let later = 'none';
        await store.storage.get('first 0').catch((error) => { later = error.message; });
        console.log(JSON.stringify({ kept, broken, later }));
        process.exit(0);
      })();`;
    // Blocks of 1 KiB in the shell: no file can become greater.
    const stdout = await new Promise((resolve, reject) => {
      execFile('bash', ['-c', 'ulimit -f 300; exec "$@"', 'bash', process.execPath, '-e', script, folder], (error, out, err) => (error ? reject(new Error(err)) : resolve(out)));
    });
    const { kept, broken, later } = JSON.parse(stdout.trim().split('\n').at(-1));
    assert.ok(kept > 0 && kept < 100, `${kept} turns`);
    assert.equal(broken.length, 1);
    assert.match(broken[0], /^What the Durable Object wrote could not be stored: (database or disk is full|disk I\/O error)/);
    assert.equal(later, broken[0]);
    const keys = [...state(t, folder).object('a').storage.kv.list()].map(([key]) => key).sort();
    assert.deepEqual(keys, Array.from({ length: kept }, (_, i) => [`first ${i}`, `second ${i}`]).flat().sort());
  });
});

describe('alarms', { skip }, () => {
  /** Runs them in the objects of `opened`, as a host does. */
  const running = (opened, handler) => {
    opened.opened.alarms.start(async ({ id, name, retryCount }) => {
      const store = opened.object(id, { name });
      const info = store.beginAlarm(retryCount);
      if (info === undefined) return 'done';
      let failed = false;
      try {
        await handler(info, name, store);
      } catch {
        failed = true;
      }
      store.endAlarm(failed);
      store.close();
      return failed ? 'failed' : 'done';
    });
  };

  test('one whose time passed while nothing ran goes off at once, under the name of its object', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    const when = Date.now() + 50;
    await first.object('a').storage.setAlarm(when);
    first.close();
    await new Promise((resolve) => setTimeout(resolve, 60)); // sleeps: the alarm falls due while nobody is there
    const again = state(t, folder);
    const seen = [];
    running(again, (info, name) => seen.push([name, info.scheduledTime, info.retryCount]));
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [['a', when, 0]]);
    await until(() => again.opened.alarms.next() === undefined);
    assert.equal(await again.object('a').storage.getAlarm(), null);
  });

  test('one that failed is tried again after a restart, and knows how often', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    await first.object('a').storage.setAlarm(Date.now());
    let failed = false;
    running(first, () => {
      failed = true;
      throw new Error('not yet');
    });
    await until(() => failed);
    await until(() => first.opened.alarms.next() > Date.now() + 500);
    first.close();
    const again = state(t, folder);
    const seen = [];
    running(again, (info) => seen.push([info.retryCount, info.isRetry]));
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [[1, true]]);
  });

  test('one whose handler was cut off by a kill is run again', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    await first.object('a').storage.setAlarm(Date.now());
    let begun = false;
    running(first, () => {
      begun = true;
      return new Promise(() => {});
    });
    await until(() => begun);
    first.close();
    const again = state(t, folder);
    let ran = false;
    running(again, () => (ran = true));
    await until(() => ran);
  });

  test('one of a class that is not there waits for the next start', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    await first.object('a').storage.setAlarm(Date.now());
    let asked = false;
    first.opened.alarms.start(async () => {
      asked = true;
      return 'absent';
    });
    await until(() => asked);
    first.close();
    const again = state(t, folder);
    let ran = false;
    running(again, () => (ran = true));
    await until(() => ran);
  });

  test('an index that names an earlier time, or one too many, starts nothing', async (t) => {
    const folder = temporary(t);
    const first = state(t, folder);
    await first.object('later').storage.setAlarm(4e12);
    await first.object('gone').storage.put('key', 1);
    first.close();
    const second = state(t, folder);
    for (const id of ['later', 'gone']) second.opened.metadata.set({ key: KEY, id, name: id, due: 1000, retries: 0 }, true);
    second.close();
    const again = state(t, folder);
    const seen = [];
    running(again, (_, name) => seen.push(name));
    await until(() => again.opened.alarms.next() === 4e12);
    assert.deepEqual(seen, []);
  });

  test('one that keeps failing is given up after six more tries', async () => {
    setReporter(() => {});
    const dropped = [];
    const index = { all: () => [{ key: KEY, id: 'a', name: 'a', due: 0, retries: 6 }], set() {}, delete: (place) => dropped.push(place.id) };
    const alarms = new Alarms(index, { alarm: () => ({ id: 1, time: 5, name: 'a' }), drop: (_, id) => dropped.push(id) }, () => dropped.push('told'));
    alarms.start(async () => 'failed');
    await until(() => dropped.length === 3);
    assert.deepEqual(dropped, ['told', 1, 'a']);
    alarms.stop();
    setReporter((error) => console.error('Uncaught', error));
  });
});

test('an index that cannot be written to is told of, and the alarm is run all the same', async () => {
  const told = [];
  const fail = () => {
    throw new Error('full');
  };
  const alarm = { id: 1, time: Date.now(), name: 'a' };
  let there = alarm;
  const alarms = new Alarms({ all: () => [], set: fail, delete: fail }, { alarm: () => there, drop() {} }, (error) => told.push(error.message));
  let ran = 0;
  alarms.start(async () => {
    ran++;
    there = undefined;
    return 'done';
  });
  assert.throws(() => alarms.before({ key: KEY, id: 'a' }, alarm), /full/, 'before the commit it counts');
  alarms.after({ key: KEY, id: 'a' }, alarm);
  await until(() => told.length === 2);
  assert.equal(ran, 1);
  assert.equal(alarms.next(), undefined);
});

describe('the stores', { skip }, () => {
  test('memory and SQLite say the same, whatever is done to them', () => {
    const keys = ['', 'a', 'a\0', 'ab', 'b', 'é', '\uffff', '\u{1f600}', '\u{10ffff}'];
    let seed = Number(process.env.SEED ?? 7);
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    const bytes = (n) => Uint8Array.of(n % 256, n >> 8);
    for (let round = 0; round < 20; round++) {
      const stores = [new MemoryStore(), new SqliteStore(new Files(library(), 'power').file(MEMORY))];
      const log = [];
      const both = (call) => {
        const [memory, sqlite] = stores.map(call);
        assert.deepEqual(memory, sqlite, `SEED=${process.env.SEED ?? 7}: ${log.join('; ')}`);
      };
      let open = false;
      let marks = 0;
      for (let step = 0; step < 60; step++) {
        const key = keys[random(keys.length)];
        const other = keys[random(keys.length)];
        const kind = random(10);
        log.push(`${kind} ${JSON.stringify(key)} ${JSON.stringify(other)}`);
        if (kind < 3) both((store) => store.put(key, bytes(step)));
        else if (kind === 3) both((store) => store.delete(key));
        else if (kind === 4) both((store) => [...(store.get(key) ?? [])]);
        else if (kind === 5) {
          const range = { start: key, end: random(2) ? other : undefined, reverse: random(2) === 1, limit: 1 + random(5) };
          both((store) => [...store.entries(range)].map(([each, value]) => [each, [...value]]));
        } else if (kind === 6 && !open) (open = true), both((store) => store.begin());
        else if (kind === 6) (open = false), (marks = 0), both((store) => (random(1), step % 2 ? store.rollback() : store.commit()));
        else if (kind === 7 && open) both((store) => store.save(marks + 1)), marks++;
        else if (kind === 8 && marks > 0) {
          both((store) => (step % 2 && store.rollbackTo(marks), store.release(marks)));
          marks--;
        } else if (kind === 9) both((store) => (store.setAlarm(step % 3 ? { id: step, time: step, name: undefined } : undefined), store.alarm()));
      }
      both((store) => [...store.entries({ start: '', end: undefined, reverse: false, limit: 100 })].map(([each, value]) => [each, [...value]]));
    }
  });

  test('a text is taken apart where SQLite ends a statement', () => {
    const texts = [
      "SELECT ';' AS a, \";\" AS b, [;] AS c, `;` AS d -- ;\n/* ; */ FROM (SELECT 1 AS \";\"); SELECT 2",
      'CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE WHEN 1 THEN 2 END; END; SELECT 3',
      'CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN DELETE FROM b; END; SELECT 3',
      ';;; SELECT 1; ;SELECT 2;',
      "SELECT 'it''s; fine'; SELECT x';'",
      'CREATE TABLE trigger_log (a); SELECT 1',
    ];
    const parts = texts.map((text) => [...statements(text)].map(({ tokens }) => tokens.length));
    assert.deepEqual(parts.map((each) => each.length), [2, 2, 2, 2, 2, 2]);
    if (library().name !== 'node:sqlite') return;
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE a (x); CREATE TABLE b (x)');
    for (const text of texts.slice(0, 3)) {
      const [first] = statements(text);
      assert.equal(db.prepare(text).sourceSQL.trim(), first.text.trim());
    }
  });

  test('a cursor that nobody holds any more holds nothing', { skip: globalThis.gc === undefined }, async (t) => {
    const opened = state(t, temporary(t));
    const { storage } = opened.object('a');
    storage.sql.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)');
    for (let i = 0; i < 50; i++) storage.sql.exec('SELECT a FROM t').next();
    await until(() => {
      globalThis.gc();
      try {
        storage.sql.exec('DROP TABLE t');
        return true;
      } catch {
        return false;
      }
    });
  });
});

test('without SQLite a folder is refused with what to do, and memory has keys and values', async (t) => {
  const script = `
    const Module = require('node:module');
    const real = Module.createRequire;
    Module.createRequire = (from) => { const own = real(from); return Object.assign((name) => { if (name === 'better-sqlite3') throw new Error('none'); return own(name); }, own); };
    process.getBuiltinModule = undefined;
    const { openState } = require(${JSON.stringify(fileURLToPath(new URL('../dist/durable/storage/index.js', import.meta.url)))});
    let refused;
    try { openState(process.argv[1]); } catch (error) { refused = error.message; }
    const store = openState('memory').object('k', 'a', { sql: true, exclusively: (body) => body() });
    store.storage.kv.put('a', 1);
    let sql;
    try { store.storage.sql.exec('SELECT 1'); } catch (error) { sql = error.message; }
    console.log(JSON.stringify([refused, store.storage.kv.get('a'), sql]));
    process.exit();`;
  const stdout = await new Promise((resolve, reject) => execFile(process.execPath, ['-e', script, temporary(t)], (error, out) => (error ? reject(error) : resolve(out))));
  const needs = 'needs Node 22.16 or later, or "npm install better-sqlite3"';
  assert.deepEqual(JSON.parse(stdout), [`wspair: storing objects on disk ${needs}`, 1, `wspair: the SQL API ${needs}`]);
});

// Durable Objects: their lives, and what is told to those who have to do with them.
import 'wspair/register';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import Ws from 'ws';
import { serve, WebSocketRequestResponsePair } from 'wspair';
import { until, watch } from './helpers.mjs';

const { DurableObject, env: around, RpcTarget, WorkerEntrypoint } = await import('cloudflare:workers').catch(() => import('wspair/cloudflare/workers'));
const require = createRequire(import.meta.url);
const { setReporter } = require('../dist/internal.js');
const library = require('../dist/durable/storage/libraries.js').library();

/** Serves a class as the binding ROOM; every path goes to the object of its first name. */
async function rooms(t, Room, options = {}) {
  const worker = { fetch: (request, env) => env.ROOM.getByName(new URL(request.url).pathname.split('/')[1]).fetch(request) };
  const served = await serve({ default: worker, Room, ...options.exports }, { port: 0, durableObjects: { ROOM: 'Room' }, ...options.serve });
  t.after(() => served.close({ deadline: 50 }));
  return { ...served, namespace: served.durable.namespace('ROOM'), ws: served.url.replace('http', 'ws') };
}

/** What is reported while the test runs. */
function reports(t) {
  const told = [];
  setReporter((error) => told.push(error));
  t.after(() => setReporter((error) => console.error('Uncaught', error)));
  return told;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)); // sleeps: who calls it says why

/** Counts how often it was made. */
class Counted extends DurableObject {
  static made = 0;
  constructor(ctx, env) {
    super(ctx, env);
    this.number = ++this.constructor.made;
  }
  which() {
    return this.number;
  }
}

/** A class of its own for each test, so that each counts for itself. */
const counted = (members = {}) => {
  class Room extends Counted {
    static made = 0;
  }
  Object.defineProperties(Room.prototype, Object.getOwnPropertyDescriptors(members));
  return Room;
};

/** Has hibernatable ends, and answers with the number of its life. */
const chatting = {
  async fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server, ['all']);
    return new Response(null, { status: 101, webSocket: client });
  },
  webSocketMessage(ws, message) {
    ws.send(`${message} in life ${this.number}`);
  },
  webSocketClose(ws, code, reason) {
    ws.close(code, reason);
  },
};

async function connected(url) {
  const client = new Ws(url);
  const watched = watch(client);
  await once(client, 'open');
  watched.seen.length = 0;
  return Object.assign(client, watched);
}

describe('an object', () => {
  test('is made by its first event, one for each name', async (t) => {
    const Room = counted();
    const { namespace } = await rooms(t, Room);
    const stub = namespace.getByName('a');
    assert.equal(Room.made, 0);
    assert.deepEqual([await stub.which(), await stub.which(), await namespace.getByName('b').which()], [1, 1, 2]);
  });

  test('is evicted on demand, and made anew by the next call', async (t) => {
    const Room = counted();
    const { namespace, durable } = await rooms(t, Room);
    const stub = namespace.getByName('a');
    assert.equal(await stub.which(), 1);
    assert.equal(await durable.evict(stub.id), 1);
    assert.equal(await durable.evict(), 0);
    assert.equal(await stub.which(), 2);
  });

  test('sleeps by itself after idle time', async (t) => {
    const Room = counted();
    const { namespace } = await rooms(t, Room, { serve: { hibernateAfter: 20 } });
    assert.equal(await namespace.getByName('a').which(), 1);
    for (let life = 1; life === 1; ) {
      await wait(60);
      life = await namespace.getByName('a').which();
    }
  });

  test('is kept awake by a timer, a promise and a WebSocket of its own, until they end', async (t) => {
    let release;
    const Room = counted({
      timer(ms) {
        this.timer = setTimeout(() => (this.fired = true), ms);
      },
      stop() {
        clearTimeout(this.timer);
      },
      wait() {
        this.ctx.waitUntil(new Promise((resolve) => (release = resolve)));
      },
      async fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        return new Response(null, { status: 101, webSocket: client });
      },
    });
    const { namespace, durable, ws } = await rooms(t, Room);
    const stub = namespace.getByName('a');
    await stub.timer(60_000);
    assert.equal(await durable.evict(), 0);
    await stub.stop();
    assert.equal(await durable.evict(), 1);
    await stub.wait();
    assert.equal(await durable.evict(), 0);
    release();
    while ((await durable.evict()) === 0) await wait(1);
    const client = await connected(`${ws}a`);
    assert.equal(await durable.evict(), 0);
    client.close(1000);
    await client.closed;
    while ((await durable.evict()) === 0) await wait(5);
  });

  test('answers one event after the other, which overlap where they wait for a timer', async (t) => {
    const Room = counted({
      async stored() {
        const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;
        await this.ctx.storage.put('n', n);
        return n;
      },
      async timed() {
        const n = ((await this.ctx.storage.get('m')) ?? 0) + 1;
        await wait(10); // sleeps: other events come while this one waits
        await this.ctx.storage.put('m', n);
        return n;
      },
    });
    const stub = (await rooms(t, Room)).namespace.getByName('a');
    assert.deepEqual(await Promise.all([stub.stored(), stub.stored(), stub.stored()]), [1, 2, 3]);
    assert.deepEqual(await Promise.all([stub.timed(), stub.timed()]), [1, 1]);
  });

  test('lets nothing else begin within blockConcurrencyWhile, in its constructor too', async (t) => {
    const log = [];
    class Room extends DurableObject {
      constructor(ctx, env) {
        super(ctx, env);
        ctx.blockConcurrencyWhile(async () => {
          await wait(20); // sleeps: events come while this goes on
          log.push('made');
        });
      }
      async alone() {
        setTimeout(() => log.push('timer'), 1);
        const value = await this.ctx.blockConcurrencyWhile(async () => {
          log.push('in');
          await wait(30); // sleeps: the timer would go off meanwhile
          log.push('out');
          return 5;
        });
        return value;
      }
      other() {
        log.push('other');
      }
    }
    const stub = (await rooms(t, Room)).namespace.getByName('a');
    const [value] = await Promise.all([stub.alone(), stub.other()]);
    assert.equal(value, 5);
    assert.deepEqual(log.slice(0, 3), ['made', 'in', 'out']);
    await until(() => log.length === 5);
    assert.deepEqual(log.slice(3).sort(), ['other', 'timer']);
  });
});

describe('a reset', () => {
  const failing = {
    abort(reason) {
      this.ctx.storage.put('lost', 1);
      this.ctx.abort(reason);
    },
    read() {
      return this.ctx.storage.get('lost');
    },
    hang: () => new Promise(() => {}),
    async block() {
      try {
        await this.ctx.blockConcurrencyWhile(async () => {
          throw new RangeError('inner');
        });
      } catch {
        return 'caught';
      }
    },
    later(log) {
      setTimeout(() => log('fired'), 20);
    },
  };

  test('tells all who wait, loses what was not kept, and is over for a new stub', async (t) => {
    const { namespace } = await rooms(t, counted(failing));
    const stub = namespace.getByName('a');
    const hanging = stub.hang();
    const reset = { message: 'enough', durableObjectReset: true };
    await assert.rejects(async () => stub.abort('enough'), reset);
    await assert.rejects(async () => hanging, reset);
    await assert.rejects(async () => stub.which(), reset);
    assert.equal(await namespace.getByName('a').read(), undefined);
    assert.equal(await namespace.getByName('a').which(), 2);
  });

  test('by blockConcurrencyWhile cannot be caught', async (t) => {
    const { namespace } = await rooms(t, counted(failing));
    await assert.rejects(async () => namespace.getByName('a').block(), { name: 'RangeError', message: 'inner', durableObjectReset: true });
    assert.equal(await namespace.getByName('a').which(), 2);
  });

  test('ends the timers of the object, and gives its clients 1006', async (t) => {
    const told = reports(t);
    const { namespace, ws } = await rooms(t, counted({ ...failing, ...chatting }));
    const client = await connected(`${ws}a`);
    const fired = [];
    await namespace.getByName('a').later((what) => fired.push(what));
    await assert.rejects(async () => namespace.getByName('a').abort());
    assert.equal((await client.closed)[0], 1006);
    await wait(50); // sleeps: what must not be told would have been by then
    assert.deepEqual([fired, told], [[], []]);
  });

  test('by a constructor is told to the caller, and the next one tries again', async (t) => {
    let fails = true;
    class Room extends DurableObject {
      constructor(ctx, env) {
        super(ctx, env);
        if (fails) throw new TypeError('not yet');
      }
      hello() {
        return 'hello';
      }
    }
    const { namespace } = await rooms(t, Room);
    await assert.rejects(async () => namespace.getByName('a').hello(), { name: 'TypeError', message: 'not yet', durableObjectReset: true });
    fails = false;
    assert.equal(await namespace.getByName('a').hello(), 'hello');
  });
});

describe('sleeping WebSockets', () => {
  test('wake their object, with what is kept of them', async (t) => {
    const Room = counted({
      ...chatting,
      webSocketMessage(ws, message) {
        const [other] = this.ctx.getWebSockets('all');
        ws.send(JSON.stringify([message, this.number, ws.deserializeAttachment(), this.ctx.getTags(ws), other === ws, ws.readyState]));
        ws.serializeAttachment({ count: (ws.deserializeAttachment()?.count ?? 0) + 1 });
      },
    });
    const { durable, ws } = await rooms(t, Room);
    const client = await connected(`${ws}a`);
    client.send('one');
    assert.deepEqual(JSON.parse(await client.next()), ['one', 1, null, ['all'], true, 1]);
    assert.equal(await durable.evict(), 1);
    client.send('two');
    assert.deepEqual(JSON.parse(await client.next()), ['two', 2, { count: 1 }, ['all'], true, 1]);
    await durable.evict();
    client.close(4000, 'bye');
    assert.deepEqual(await client.closed, [4000, 'bye', true]);
    assert.equal(Room.made, 3);
  });

  test('are answered without it where it said so', async (t) => {
    const Room = counted({
      ...chatting,
      async fetch() {
        this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
        return chatting.fetch.call(this);
      },
    });
    const { durable, ws } = await rooms(t, Room);
    const client = await connected(`${ws}a`);
    await durable.evict();
    client.send('ping');
    assert.equal(await client.next(), 'pong');
    assert.equal(Room.made, 1);
    client.send('hello');
    assert.equal(await client.next(), 'hello in life 2');
  });

  test('get their messages in order, whichever of them wakes it', async (t) => {
    const { durable, ws } = await rooms(t, counted(chatting), { serve: { hibernateAfter: 1 } });
    const clients = await Promise.all(Array.from({ length: 10 }, () => connected(`${ws}a`)));
    for (let round = 0; round < 5; round++) {
      await durable.evict();
      for (const client of clients) for (let n = 0; n < 20; n++) client.send(`${round}.${n}`);
      await until(() => clients.every(({ seen }) => seen.length === 20));
      for (const { seen } of clients) {
        assert.deepEqual(seen.map((text) => text.split(' ')[0]), Array.from({ length: 20 }, (_, n) => `${round}.${n}`));
        seen.length = 0;
      }
    }
  });

  test('are dropped where the constructor fails that they called for', async (t) => {
    reports(t);
    let fails = false;
    class Room extends DurableObject {
      constructor(ctx, env) {
        super(ctx, env);
        if (fails) throw new Error('no');
      }
    }
    Object.assign(Room.prototype, chatting);
    const { durable, ws } = await rooms(t, Room);
    const client = await connected(`${ws}a`);
    await durable.evict();
    fails = true;
    client.send('hello');
    assert.equal((await client.closed)[0], 1006);
  });
});

describe('a call', () => {
  class Target extends RpcTarget {
    constructor(value) {
      super();
      this.value = value;
    }
    get() {
      return this.value;
    }
    next() {
      return new Target(this.value + 1);
    }
  }
  const callable = {
    echo: (value) => value,
    target: (value) => new Target(value),
    nested: (value) => ({ deep: { target: new Target(value) } }),
    async twice(fn) {
      return [await fn(1), await fn(2)];
    },
    throws() {
      throw Object.assign(new RangeError('too far'), { extra: { a: 1 } });
    },
    foreign() {
      return new (class Foo {})();
    },
    around() {
      return [around.NAME, this.env.NAME, Object.keys(this.ctx.exports).sort()];
    },
    get property() {
      return 42;
    },
  };

  test('copies what it carries', async (t) => {
    const stub = (await rooms(t, counted(callable))).namespace.getByName('a');
    const given = { list: [1, { a: new Date(0) }], map: new Map([['k', new Set([1n])]]), bytes: new Uint8Array([1, 2]), error: new TypeError('mine'), nothing: undefined };
    given.self = given;
    const got = await stub.echo(given);
    assert.deepEqual(got, given);
    assert.ok(got !== given && got.list[1] !== given.list[1] && got.self === got && got.error instanceof TypeError);
    assert.equal(await (await stub.echo(new Response('body'))).text(), 'body');
    assert.equal(await stub.property, 42);
  });

  test('has functions and targets come back to where they are', async (t) => {
    const stub = (await rooms(t, counted(callable))).namespace.getByName('a');
    assert.deepEqual(await stub.twice((n) => n * 10), [10, 20]);
    assert.equal(await stub.target(1).next().next().get(), 3);
    assert.equal(await stub.nested(7).deep.target.get(), 7);
    const target = await stub.target(5);
    assert.equal(await target.get(), 5);
    assert.equal(await (await stub.echo(stub)).echo('through'), 'through');
  });

  test('fails with what was thrown, and says where', async (t) => {
    const { namespace } = await rooms(t, counted(callable));
    const stub = namespace.getByName('a');
    await assert.rejects(async () => stub.throws(), { name: 'RangeError', message: 'too far', extra: { a: 1 }, remote: true, durableObjectId: String(stub.id) });
    await assert.rejects(async () => stub.missing(), { name: 'TypeError', message: 'The RPC receiver does not implement the method "missing".', remote: true });
    await assert.rejects(async () => stub.alarm(), { message: "'alarm' is a reserved method and cannot be called over RPC.", remote: true });
    await assert.rejects(async () => stub.number, { message: 'The RPC receiver does not implement the method "number".' });
    await assert.rejects(async () => stub.foreign(), { name: 'DataCloneError', message: 'Could not serialize object of type "Foo". This type does not support serialization.' });
    await assert.rejects(async () => stub.echo(Symbol('x')), { name: 'DataCloneError' });
    await assert.rejects(async () => stub.echo(new (class Bar {})()), { name: 'DataCloneError' });
    await assert.rejects(() => stub.fetch('/relative'), { name: 'TypeError', message: 'Invalid URL: /relative' });
    await assert.rejects(() => stub.fetch('http://x/'), { message: 'Handler does not export a fetch() function.', remote: true });
  });

  test('finds the bindings, and the exports, of the Worker', async (t) => {
    class Other extends WorkerEntrypoint {
      add(a, b) {
        return a + b + this.env.NAME;
      }
    }
    const { namespace } = await rooms(t, counted({ ...callable, other: function () { return this.ctx.exports.Other.add(1, 2); } }), {
      serve: { vars: { NAME: 'x' } },
      exports: { Other },
    });
    assert.deepEqual(await namespace.getByName('a').around(), ['x', 'x', ['Other', 'Room', 'default']]);
    assert.equal(await namespace.getByName('a').other(), '3x');
  });

  test('is not for a class that does not extend the one for it', async (t) => {
    class Room {
      constructor(state) {
        this.state = state;
      }
      fetch() {
        return new Response(this.state.id.name);
      }
      hello() {}
    }
    const { namespace } = await rooms(t, Room);
    assert.equal(await (await namespace.getByName('plain').fetch('http://x/')).text(), 'plain');
    await assert.rejects(async () => namespace.getByName('plain').hello(), /does not support RPC, because its class was not declared with `extends DurableObject`/);
  });
});

test('a class that the module does not export is told before anything listens', async () => {
  const worker = { default: { fetch() {} } };
  await assert.rejects(serve(worker, { port: 0, durableObjects: { ROOM: 'Room' } }), { message: 'the binding ROOM is of the class Room, which the Worker does not export' });
});

test('serve.close tells the clients of objects goodbye, and waits for what these do', async (t) => {
  const done = [];
  const { ws, close } = await rooms(t, counted({
    ...chatting,
    async webSocketMessage(ws) {
      ws.send('begun');
      await wait(50); // sleeps: it is at work when the server closes
      done.push('message');
    },
  }));
  const client = await connected(`${ws}a`);
  client.send('x');
  await client.next();
  await close({ deadline: 2_000 });
  assert.equal((await client.closed)[0], 1001);
  assert.deepEqual(done, ['message']);
});

test('what comes after the end is refused, and ends nothing', async (t) => {
  const told = reports(t);
  const { namespace, ws, close } = await rooms(t, counted(chatting));
  const client = await connected(`${ws}a`);
  client.send('x');
  await client.next();
  const stub = namespace.getByName('a');
  await close({ deadline: 50 });
  await assert.rejects(async () => stub.which());
  await client.closed;
  await wait(20); // sleeps: what must not be told would have been by then
  assert.deepEqual(told, []);
});

test('a file that is broken is told to who needs it, and to nobody else', { skip: library === undefined && 'there is no SQLite' }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'broken-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const Room = counted({
    async add() {
      const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;
      await this.ctx.storage.put('n', n);
      return n;
    },
  });
  const first = await rooms(t, Room, { serve: { state: folder } });
  assert.deepEqual([await first.namespace.getByName('a').add(), await first.namespace.getByName('b').add()], [1, 1]);
  const id = String(first.namespace.idFromName('a'));
  await first.close({ deadline: 50 });
  const file = readdirSync(folder, { recursive: true }).find((name) => name.endsWith(`${id}.sqlite`));
  writeFileSync(path.join(folder, file), 'this was a database'.repeat(1_000));
  const second = await rooms(t, Room, { serve: { state: folder } });
  await assert.rejects(async () => second.namespace.getByName('a').add(), /is not a database/);
  assert.equal(await second.namespace.getByName('b').add(), 2);
});

test('trouble with what is stored is told in a line, what a program throws with its stack', () => {
  const { lineOf } = require('../dist/basics/report.js');
  const lines = [
    ['wspair: /state/a.sqlite is damaged (file is not a database)', 'wspair: /state/a.sqlite is damaged (file is not a database)'],
    ['What the Durable Object wrote could not be stored: disk full', 'wspair: What the Durable Object wrote could not be stored: disk full'],
    ['of the program', undefined],
    ['it says wspair: too', undefined],
  ];
  for (const [message, line] of lines) assert.equal(lineOf(new Error(message, { cause: new Error('why') })), line);
  assert.equal(lineOf('wspair: a text'), undefined);
});

test('closing leaves nothing that waits for an object which never gets done', async () => {
  class Room extends DurableObject {
    fetch() {
      return this.ctx.storage.transaction(() => new Promise(() => {}));
    }
  }
  const module = { Room, default: { fetch: (request, env) => env.ROOM.getByName('a').fetch(request) } };
  const serving = await serve(module, { port: 0, durableObjects: { ROOM: 'Room' } });
  const asked = fetch(serving.url).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50)); // sleeps: gives the wrong thing time to happen
  const idle = serving.durable.idle();
  await serving.close({ deadline: 50 });
  await idle;
  await asked;
});

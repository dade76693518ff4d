// workerd: {"classes": ["Obj"]}
// What is held up by what: events by storage and blocks, output by writes, what fails takes with it.
import { DurableObject, waitUntil } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const logs = new Map();

async function client(stub, path = 'ws') {
  const { webSocket } = await stub.fetch(`http://x/${path}`, { headers: { upgrade: 'websocket' } });
  const got = [];
  webSocket.addEventListener('message', ({ data }) => got.push(data));
  webSocket.addEventListener('close', ({ code, reason, wasClean }) => got.push([code, reason, wasClean]));
  webSocket.addEventListener('error', () => {});
  webSocket.accept();
  return { end: webSocket, got };
}

export const rows = {
  'gets at once keep others out': async ({ get }) => Promise.all([get().readTwice(), get().readTwice(), get().readTwice()]),
  'a list keeps others out': async ({ get }) => Promise.all([get().listed(), get().listed(), get().listed()]),
  'sync keeps others out': async ({ get }) => Promise.all([get().synced(), get().synced()]),
  'getAlarm keeps others out': async ({ get }) => Promise.all([get().alarmed(), get().alarmed()]),
  'put that is awaited keeps others out': async ({ get }) => Promise.all([get().putAwaited(), get().putAwaited()]),
  'delete that is awaited keeps others out': async ({ get }) => Promise.all([get().deleteAwaited(), get().deleteAwaited()]),
  'allowConcurrency does not': async ({ get }) => Promise.all([get().concurrent(), get().concurrent()]),
  'a transaction keeps others out': async ({ get }) => Promise.all([get().transacted(), get().transacted(), get().transacted()]),
  'a transaction with a timer in it': async ({ get }) => Promise.all([get().slowTransaction(), get().slowTransaction(), get().hello()]),
  'a microtask lets nobody in': async ({ get }) => Promise.all([get().microtasks(), get().microtasks()]),
  'a call to another object lets others in': async ({ get }) => Promise.all([get().viaOther(), get().viaOther()]),
  'a call to itself in a block': async ({ get }, { tried }) => Promise.race([tried(() => get().deadlock()), pause(1_500).then(() => 'still waits')]),
  'a block within an event lets the rest of it wait': async ({ get }) => get().restWaits(),
  'a timer of a block': async ({ get }) => get().timerInBlock(),
  'a timer set before a block': async ({ get }) => get().timerBeforeBlock(),
  'a socket message while it blocks': async ({ get }) => {
    const { end, got } = await client(get());
    const block = get().blockFor(100);
    await pause(20);
    end.send('during');
    await pause(20);
    const before = [...got];
    await block;
    await pause(200);
    return [before, got];
  },
  'a block that gives a function': ({ get }, { tried }) => tried(async () => await get().blockGives()),
  'a block whose function is not async': ({ get }) => get().plainBlock(),
  'a block in a message handler': async ({ get }) => {
    const { end, got } = await client(get());
    end.send('block');
    end.send('after');
    await pause(400);
    return got;
  },
  'a block in an alarm': async ({ name, get }) => {
    await get().alarmThatBlocks();
    await pause(300);
    return [await get().hello(), logs.get(name)];
  },
  'what is written before a throw is kept': async ({ get }, { note, tried }) => {
    note(await tried(() => get().writeAndThrow()), await get().read('a'));
  },
  'what is written in a turn that aborts later is kept': async ({ get }, { note, tried }) => {
    note(await tried(() => get().writeWaitAbort()), await get().read('a'));
  },
  'what was sent before an abort': async ({ get }) => {
    const { end, got } = await client(get());
    end.send('send and abort');
    await pause(300);
    return got;
  },
  'what was written and sent before an abort': async ({ get }, { note }) => {
    const { end, got } = await client(get());
    end.send('write, send and abort');
    await pause(300);
    note(got, await get().read('w'));
  },
  'what was sent after a write': async ({ get }) => {
    const { end, got } = await client(get());
    end.send('write and send');
    await pause(200);
    return [got, await get().read('w')];
  },
  'what waits for an object that is reset': async ({ get }, { note, tried }) => {
    const stub = get();
    const waiting = [1, 2, 3].map(() => tried(() => stub.slow(500)));
    await pause(30);
    note(await tried(() => get().abort('gone')), ...(await Promise.all(waiting)));
  },
  'a stub kept from before the reset': async ({ get }, { note, tried }) => {
    const [old, kept] = [get(), get()];
    await old.hello();
    note(await tried(() => get().abort('gone')), await tried(() => old.hello()), await tried(() => kept.hello()), await tried(async () => (await old.fetch('http://x/')).text()), await tried(() => old.hello()));
  },
  'a target of an object that was reset': async ({ get }, { note, tried }) => {
    const fn = await get().fn();
    note(await tried(() => fn()));
    await tried(() => get().abort('gone'));
    note(await tried(() => fn()));
  },
  'waitUntil of the module': async ({ name, get }) => {
    await get().moduleWaitUntil();
    await pause(150);
    return logs.get(name);
  },
  'a rejected waitUntil harms nothing': async ({ get }) => [await get().rejects(), await pause(30), await get().build()],
  'an unhandled rejection harms nothing': async ({ get }) => [await get().unhandled(), await pause(30), await get().build()],
  'a throw in a timer harms nothing': async ({ get }) => [await get().throwsLater(), await pause(60), await get().build()],
  'timers in their order': async ({ get }) => get().timers(),
  'clearTimeout of another': async ({ get }) => get().clears(),
  'setInterval': async ({ get }) => get().intervals(),
  'a timer of an answer goes on': async ({ name, get }) => {
    await get().timerAfter();
    await pause(150);
    return logs.get(name);
  },
  'a timer with arguments': async ({ get }) => get().timerArgs(),
  'queueMicrotask and setImmediate': async ({ get }, { tried }) => tried(() => get().order()),
  'the order of answers': async ({ get }) => {
    const stub = get();
    const order = [];
    await Promise.all([stub.slow(60).then(() => order.push('60')), stub.slow(20).then(() => order.push('20')), stub.hello().then(() => order.push('0'))]);
    return order;
  },
  'a hundred calls in order': async ({ get }) => {
    const stub = get();
    const got = await Promise.all(Array.from({ length: 100 }, () => stub.next()));
    return got.every((n, i) => n === i + 1);
  },
  'a hundred increments': async ({ get }) => {
    const got = await Promise.all(Array.from({ length: 100 }, () => get().increment()));
    return [got.sort((a, b) => a - b).every((n, i) => n === i + 1), await get().read('n')];
  },
  'two objects at once': async ({ get }) => {
    const order = [];
    await Promise.all([get('a').slow(50).then(() => order.push('a')), get('b').slow(1).then(() => order.push('b'))]);
    return order;
  },
  'objects in a ring': async ({ get }) => get('a').ring(['b', 'c', 'a']),
  'an object that calls itself': async ({ get }) => get().calls(5),
  'the time stands still in a turn': async ({ get }) => get().clock(),
};

const builds = new Map();
export class Obj extends DurableObject {
  n = 0;
  constructor(ctx, env) {
    super(ctx, env);
    builds.set(ctx.id.name, (builds.get(ctx.id.name) ?? 0) + 1);
  }
  log(what) {
    logs.set(this.ctx.id.name, [...(logs.get(this.ctx.id.name) ?? []), what]);
  }
  build() {
    return builds.get(this.ctx.id.name);
  }
  hello() {
    return 'hello';
  }
  next() {
    return ++this.n;
  }
  async slow(ms) {
    await pause(ms);
    return ms;
  }
  async around(wait) {
    const n = this.n;
    await wait();
    return (this.n = n + 1);
  }
  readTwice() {
    return this.around(() => Promise.all([this.ctx.storage.get('a'), this.ctx.storage.get('b')]));
  }
  listed() {
    return this.around(() => this.ctx.storage.list());
  }
  synced() {
    return this.around(() => this.ctx.storage.sync());
  }
  alarmed() {
    return this.around(() => this.ctx.storage.getAlarm());
  }
  putAwaited() {
    return this.around(() => this.ctx.storage.put('x', 1));
  }
  deleteAwaited() {
    return this.around(() => this.ctx.storage.delete('x'));
  }
  concurrent() {
    return this.around(() => this.ctx.storage.get('x', { allowConcurrency: true }));
  }
  transacted() {
    return this.ctx.storage.transaction(async (txn) => {
      const n = (await txn.get('n')) ?? 0;
      await txn.put('n', n + 1);
      return n + 1;
    });
  }
  async slowTransaction() {
    return this.ctx.storage.transaction(async (txn) => {
      const n = (await txn.get('n')) ?? 0;
      await pause(20);
      await txn.put('n', n + 1);
      return n + 1;
    });
  }
  microtasks() {
    return this.around(async () => {
      for (let n = 0; n < 50; n++) await null;
    });
  }
  viaOther() {
    return this.around(() => this.env.OBJ.getByName(`${this.ctx.id.name} other`).hello());
  }
  deadlock() {
    return this.ctx.blockConcurrencyWhile(() => this.env.OBJ.getByName(this.ctx.id.name).hello());
  }
  async restWaits() {
    const order = [];
    const block = this.ctx.blockConcurrencyWhile(async () => {
      await pause(20);
      order.push('block');
    });
    await null;
    order.push('microtask');
    await pause(1);
    order.push('timer');
    await block;
    return order;
  }
  async timerInBlock() {
    const order = [];
    await this.ctx.blockConcurrencyWhile(async () => {
      setTimeout(() => order.push('timer'), 1);
      await pause(30);
      order.push('end');
    });
    await pause(30);
    return order;
  }
  async timerBeforeBlock() {
    const order = [];
    setTimeout(() => order.push('timer'), 1);
    await this.ctx.blockConcurrencyWhile(async () => {
      await pause(30);
      order.push('end');
    });
    await pause(30);
    return order;
  }
  async blockFor(ms) {
    await this.ctx.blockConcurrencyWhile(() => pause(ms));
  }
  blockGives() {
    return this.ctx.blockConcurrencyWhile(async () => ({ f: 1 }));
  }
  blockForEver() {
    return this.ctx.blockConcurrencyWhile(() => new Promise(() => {}));
  }
  plainBlock() {
    return this.ctx.blockConcurrencyWhile(() => 5);
  }
  async alarmThatBlocks() {
    await this.ctx.storage.setAlarm(Date.now() + 10);
  }
  async alarm() {
    await this.ctx.blockConcurrencyWhile(async () => {
      await pause(50);
      this.log('blocked');
    });
    this.log('alarm');
  }
  async writeAndThrow() {
    this.ctx.storage.put('a', 1);
    throw new Error('after a write');
  }
  async writeWaitAbort() {
    this.ctx.storage.put('a', 1);
    await pause(20);
    this.ctx.abort('later');
  }
  read(key) {
    return this.ctx.storage.get(key);
  }
  abort(reason) {
    this.ctx.abort(reason);
  }
  fn() {
    return () => 'called';
  }
  moduleWaitUntil() {
    waitUntil(pause(50).then(() => this.log('waited')));
  }
  rejects() {
    this.ctx.waitUntil(Promise.reject(new Error('waited for')));
    return 'done';
  }
  unhandled() {
    Promise.reject(new Error('nobody looks'));
    return 'done';
  }
  throwsLater() {
    setTimeout(() => {
      throw new Error('in a timer');
    }, 10);
    return 'done';
  }
  async timers() {
    const order = [];
    setTimeout(() => order.push('20'), 20);
    setTimeout(() => order.push('5'), 5);
    setTimeout(() => order.push('0 first'), 0);
    setTimeout(() => order.push('0 second'));
    await pause(60);
    return order;
  }
  async clears() {
    const order = [];
    const timer = setTimeout(() => order.push('cleared'), 10);
    setTimeout(() => clearTimeout(timer), 1);
    clearTimeout(undefined);
    clearTimeout(null);
    clearTimeout(123456);
    await pause(40);
    return [order, typeof timer];
  }
  async intervals() {
    let n = 0;
    const timer = setInterval(() => ++n === 3 && clearInterval(timer), 5);
    await pause(100);
    return n;
  }
  timerAfter() {
    setTimeout(() => this.log('fired'), 50);
  }
  timerArgs() {
    return new Promise((resolve) => setTimeout((...args) => resolve(args), 1, 'a', 'b'));
  }
  async order() {
    const order = [];
    queueMicrotask(() => order.push('microtask'));
    Promise.resolve().then(() => order.push('promise'));
    if (typeof setImmediate === 'function') setImmediate(() => order.push('immediate'));
    order.push('now');
    await pause(20);
    return order;
  }
  async increment() {
    const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;
    await this.ctx.storage.put('n', n);
    return n;
  }
  async ring([next, ...rest]) {
    if (next === undefined) return 'round';
    return this.env.OBJ.getByName(`objects in a ring${next}`).ring(rest);
  }
  async calls(n) {
    return n === 0 ? 'bottom' : this.env.OBJ.getByName(this.ctx.id.name).calls(n - 1);
  }
  async clock() {
    const before = Date.now();
    for (let n = 0; n < 1e6; n++);
    const same = Date.now() === before;
    await pause(20);
    return [Date.now() - before >= 15];
  }
  fetch(request) {
    if (request.headers.get('upgrade') === null) return new Response('plain');
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(ws, message) {
    if (message === 'block') {
      await this.ctx.blockConcurrencyWhile(() => pause(50));
      return ws.send('blocked');
    }
    if (message === 'send and abort') {
      ws.send('before');
      this.ctx.abort('x');
    }
    if (message === 'write, send and abort') {
      this.ctx.storage.put('w', 1);
      ws.send('before');
      this.ctx.abort('x');
    }
    if (message === 'write and send') this.ctx.storage.put('w', 1);
    ws.send(`re ${message}`);
  }
  webSocketClose() {}
}

export default answers(rows, (name, env) => line(rows[name], { env, name, get: (which = '') => env.OBJ.getByName(`${name}${which}`) }));

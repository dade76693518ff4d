// workerd: {"classes": ["Obj"], "together": true}
// Lives of objects: how they begin, what they are reset by, when they sleep and what is left then. Every row
// has objects of its own; those that wait for one to sleep do so at the same time.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const builds = new Map();
const modes = new Map();
const logs = new Map();
/** Longer than an object stays awake that nothing happens to. */
const asleep = () => pause(14_000);

/** A client's end of a WebSocket of the object. */
async function client(stub, path = 'hibernating') {
  const { webSocket } = await stub.fetch(`http://x/${path}`, { headers: { upgrade: 'websocket' } });
  const got = [];
  let closed;
  webSocket.addEventListener('message', ({ data }) => got.push(data));
  webSocket.addEventListener('close', ({ code, reason, wasClean }) => (closed = [code, reason, wasClean]));
  webSocket.addEventListener('error', () => {});
  webSocket.accept();
  const until = async (done) => {
    for (let n = 0; n < 300 && !done(); n++) await pause(10);
  };
  return {
    send: (data) => webSocket.send(data),
    close: (...args) => webSocket.close(...args),
    async ask(data) {
      const before = got.length;
      webSocket.send(data);
      await until(() => got.length > before);
      return got.slice(before).join(',');
    },
    async closed() {
      await until(() => closed !== undefined);
      return closed;
    },
    got,
    end: webSocket,
  };
}

export const rows = {
  'get makes nothing': async ({ name, stub }) => [builds.get(name), await stub.build(), await stub.build()],
  'one for each name': async ({ name, stub, get }) => [await stub.build(), await get().build(), show(builds.get(name))],
  'the name in the object': async ({ env, name, stub }) => [(await stub.whoami()) === name, (await env.OBJ.get(env.OBJ.idFromString(env.OBJ.idFromName(name).toString())).whoami()) === name],
  'no name by a string id': async ({ env }) => env.OBJ.get(env.OBJ.idFromString(env.OBJ.idFromName('only by id').toString())).whoami(),
  'no name by a unique id': ({ env }) => env.OBJ.get(env.OBJ.newUniqueId()).whoami(),
  'ctx': ({ stub }) => stub.context(),
  'the env of an object': ({ stub }) => stub.surroundings(),
  'a constructor that throws': async ({ name, stub, get }, { note, tried }) => {
    modes.set(name, 'throws');
    note(await tried(() => stub.build()), await tried(() => get().build()));
    modes.delete(name);
    note(await tried(() => stub.build()), await tried(() => get().hello()), builds.get(name));
  },
  'a constructor that aborts': async ({ name, get }, { note, tried }) => {
    modes.set(name, 'aborts');
    note(await tried(() => get().hello()));
    modes.delete(name);
    note(await tried(() => get().hello()));
  },
  'a constructor that blocks': async ({ name, get }) => {
    modes.set(name, 'blocks');
    return [await get().isReady(), builds.get(name)];
  },
  'a constructor that blocks, and many calls': async ({ name, get }) => {
    modes.set(name, 'blocks');
    return Promise.all([get().isReady(), get().isReady(), get().count()]);
  },
  'a constructor whose block throws': async ({ name, stub, get }, { note, tried }) => {
    modes.set(name, 'blocks and throws');
    note(await tried(() => stub.hello()));
    modes.delete(name);
    note(await tried(() => stub.hello()), await tried(() => get().hello()), builds.get(name));
  },
  'a block gives its value': ({ stub }) => stub.block(1),
  'a block keeps others out': async ({ stub, get }) => Promise.all([stub.block(50), get().isInside(), get().isInside()]),
  'blocks within blocks': ({ stub }) => stub.nestedBlocks(),
  'two blocks at once': ({ stub }) => stub.twoBlocks(),
  'a block that is no function': async ({ stub }, { tried }) => tried(() => stub.badBlock()),
  'a block that throws at once': async ({ stub, get }, { note, tried }) => {
    note(await tried(() => stub.blockThrows('sync')), await tried(() => stub.hello()), await tried(() => get().hello()));
  },
  'a block that fails': async ({ stub, get }, { note, tried }) => {
    note(await tried(() => stub.blockThrows('async')), await tried(() => stub.hello()), await tried(() => get().build()));
  },
  'a block that fails is not caught': async ({ stub, get, name }, { note, tried }) => {
    note(await tried(() => stub.blockCaught()), await tried(() => get().build()), logs.get(name));
  },
  'storage keeps others out': async ({ get }) => Promise.all([get().stored(), get().stored(), get().stored()]),
  'timers do not': async ({ get }) => Promise.all([get().timed(), get().timed()]),
  'storage and timers': async ({ get }) => Promise.all([get().mixed(), get().mixed()]),
  'abort': async ({ stub, get }, { note, tried }) => {
    await stub.hello();
    const pending = tried(() => stub.hang());
    note(await tried(() => stub.abort('why')), await pending, await tried(() => stub.hello()), await tried(() => get().build()));
  },
  'abort without a reason': async ({ stub }, { tried }) => tried(() => stub.abort()),
  'abort with anything': async ({ get }, { note, tried }) => {
    for (const reason of ['', 5, null, { a: 1 }]) note(await tried(() => get().abort(reason)));
  },
  'abort loses what is not kept': async ({ get }, { note, tried }) => {
    note(await tried(() => get().writeAndAbort()), show(await get().read('w')));
  },
  'abort keeps what was answered': async ({ get }, { tried }) => [await get().write('w', 1), await tried(() => get().abort('x')), await get().read('w')],
  'abort ends timers': async ({ name, get }, { tried }) => {
    await get().timer(100);
    await tried(() => get().abort('x'));
    await pause(300);
    return logs.get(name);
  },
  'abort ends sockets': async ({ get }, { note, tried }) => {
    const [one, two] = [await client(get()), await client(get(), 'ordinary')];
    note(await tried(() => get().abort('x')), show(await one.closed()), show(await two.closed()), await get().sockets());
  },
  'abort in a message': async ({ get }, { note }) => {
    const socket = await client(get());
    socket.send('abort');
    note(show(await socket.closed()), await get().build());
  },
  'waitUntil': async ({ name, get }) => {
    const given = await get().later(50);
    await pause(200);
    return [given, logs.get(name)];
  },
  'waitUntil that fails': async ({ get }) => [await get().laterFails(), await pause(50), await get().build()],
  'without events it sleeps': async ({ get }) => [await get().build(), await asleep(), await get().build()],
  'with events it does not': async ({ get }) => {
    await get().build();
    for (let n = 0; n < 4; n++) {
      await pause(4_000);
      await get().hello();
    }
    return get().build();
  },
  'a timer keeps it awake': async ({ get }) => [await get().timer(60_000), await asleep(), await get().build()],
  'a timer that was cleared does not': async ({ get }) => [await get().clearedTimer(), await asleep(), await get().build()],
  'an interval keeps it awake': async ({ get }) => [await get().interval(), await asleep(), await get().build()],
  'waitUntil keeps it awake': async ({ get }) => [await get().later(16_000), await asleep(), await get().build()],
  'an alarm does not keep it awake': async ({ name, get }) => {
    await get().alarmIn(13_000);
    await asleep();
    return [logs.get(name), await get().build()];
  },
  'an ordinary socket keeps it awake': async ({ get }) => {
    const socket = await client(get(), 'ordinary');
    const first = await socket.ask('a');
    await asleep();
    return [first, await socket.ask('b'), await get().build()];
  },
  'an ordinary socket that is closed does not': async ({ get }) => {
    const socket = await client(get(), 'ordinary');
    socket.close(1000);
    await socket.closed();
    await asleep();
    return get().build();
  },
  'a hibernatable socket does not': async ({ get }) => {
    const socket = await client(get());
    const first = await socket.ask('a');
    await asleep();
    return [first, await socket.ask('b'), await socket.ask('c'), await get().sockets()];
  },
  'a hibernatable socket and a timer': async ({ get }) => {
    const socket = await client(get());
    await get().timer(60_000);
    await asleep();
    return socket.ask('b');
  },
  'automatic answers neither wake it nor keep it awake': async ({ name, get }) => {
    const socket = await client(get(), 'automatic');
    const answers = [await socket.ask('ping')];
    for (let n = 0; n < 3; n++) {
      await pause(4_500);
      answers.push(await socket.ask('ping'));
    }
    return [answers, builds.get(name), await socket.ask('x'), builds.get(name)];
  },
  'what a socket keeps': async ({ get }) => {
    const socket = await client(get(), 'automatic');
    const before = await socket.ask('state');
    await asleep();
    return [before, await socket.ask('state')];
  },
  'sockets in the constructor': async ({ name, get }) => {
    const socket = await client(get());
    modes.set(name, 'lists');
    await asleep();
    await socket.ask('a');
    return logs.get(name);
  },
  'a close wakes it': async ({ name, get }) => {
    const socket = await client(get());
    await asleep();
    socket.close(4000, 'bye');
    return [await socket.closed(), logs.get(name), await get().sockets()];
  },
  'a constructor that throws when a message comes': async ({ name, get }) => {
    const [one, two] = [await client(get()), await client(get())];
    modes.set(name, 'throws');
    await asleep();
    one.send('x');
    const closed = [await one.closed(), await two.closed()];
    modes.delete(name);
    return [closed, await get().sockets()];
  },
  'handlers that throw': async ({ get }) => {
    const socket = await client(get());
    socket.send('throw');
    return [await socket.ask('a'), await get().build()];
  },
  'handlers overlap': async ({ get }) => {
    const socket = await client(get());
    socket.send('slow');
    const fast = await socket.ask('fast');
    await pause(300);
    return [fast, socket.got];
  },
  'the same end each time': async ({ get }) => {
    const socket = await client(get());
    return [await socket.ask('same'), await socket.ask('same')];
  },
  'sockets are newest first, with a tag oldest first': async ({ get }) => {
    for (const tag of ['a', 'b', 'c']) await client(get(), `tagged?${tag}`);
    return get().order();
  },
  'a message while it is blocked': async ({ name, get }) => {
    const socket = await client(get());
    const block = get().block(100);
    await pause(20);
    const asked = socket.ask('a');
    await Promise.all([block, asked]);
    return logs.get(name);
  },
};

export class Obj extends DurableObject {
  n = 0;
  constructor(ctx, env) {
    super(ctx, env);
    this.name = (ctx.id.name ?? 'none').replace(/ one$/, '');
    this.number = (builds.get(this.name) ?? 0) + 1;
    builds.set(this.name, this.number);
    switch (modes.get(this.name)) {
      case 'throws':
        throw new RangeError('no constructor');
      case 'aborts':
        ctx.abort('in the constructor');
      case 'blocks':
        ctx.blockConcurrencyWhile(async () => {
          await pause(50);
          this.ready = true;
        });
        break;
      case 'blocks and throws':
        ctx.blockConcurrencyWhile(async () => {
          throw new TypeError('no block');
        });
        break;
      case 'lists':
        this.log(ctx.getWebSockets().map((socket) => [socket.readyState, socket.url, socket.protocol, socket.extensions, ctx.getTags(socket), socket.deserializeAttachment(), socket.x]));
    }
  }
  log(...values) {
    logs.set(this.name, [...(logs.get(this.name) ?? []), ...values]);
  }
  build() {
    return this.number;
  }
  hello() {
    return 'hello';
  }
  whoami() {
    return this.ctx.id.name;
  }
  isReady() {
    return this.ready === true;
  }
  count() {
    return ++this.n;
  }
  context() {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(this.ctx)).sort();
    return show([Object.keys(this.ctx), methods.filter((name) => typeof this.ctx[name] === 'function'), this.ctx.constructor.name, this.ctx.container, this.ctx.props, this.ctx.id === this.ctx.id, this.ctx.storage === this.ctx.storage]);
  }
  surroundings() {
    return show([Object.keys(this.env), Object.keys(this.ctx.exports).sort()]);
  }
  async block(ms) {
    return this.ctx.blockConcurrencyWhile(async () => {
      this.inside = true;
      await pause(ms);
      this.inside = false;
      this.log('block');
      return 'value';
    });
  }
  isInside() {
    return this.inside === true;
  }
  nestedBlocks() {
    return this.ctx.blockConcurrencyWhile(async () => {
      await pause(1);
      const inner = await this.ctx.blockConcurrencyWhile(async () => {
        await pause(1);
        return 'inner';
      });
      await pause(1);
      return [inner, 'outer'];
    });
  }
  async twoBlocks() {
    const log = [];
    await Promise.all(['a', 'b'].map((name) => this.ctx.blockConcurrencyWhile(async () => {
      log.push(`${name} begins`);
      await pause(10);
      log.push(`${name} ends`);
    })));
    return log;
  }
  badBlock() {
    return this.ctx.blockConcurrencyWhile(5);
  }
  async blockThrows(how) {
    await this.ctx.blockConcurrencyWhile(how === 'sync' ? () => { throw new Error('at once'); } : async () => { throw new RangeError('inner'); });
  }
  async blockCaught() {
    try {
      await this.ctx.blockConcurrencyWhile(async () => {
        throw new Error('inner');
      });
    } catch {
      this.log('caught');
      return 'caught';
    }
  }
  async stored() {
    const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;
    await this.ctx.storage.put('n', n);
    return n;
  }
  async timed() {
    const n = this.n + 1;
    await pause(20);
    this.n = n;
    return n;
  }
  async mixed() {
    const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;
    await pause(20);
    await this.ctx.storage.put('n', n);
    return n;
  }
  abort(reason) {
    this.ctx.abort(reason);
    return 'unreachable';
  }
  hang() {
    return new Promise(() => {});
  }
  writeAndAbort() {
    this.ctx.storage.put('w', 1);
    this.ctx.abort('after a write');
  }
  async write(key, value) {
    this.ctx.storage.put(key, value);
    return 'written';
  }
  read(key) {
    return this.ctx.storage.get(key);
  }
  timer(ms) {
    setTimeout(() => this.log('fired'), ms);
    return 'set';
  }
  clearedTimer() {
    clearTimeout(setTimeout(() => {}, 60_000));
    return 'cleared';
  }
  interval() {
    setInterval(() => {}, 1_000);
    return 'set';
  }
  later(ms) {
    return String(this.ctx.waitUntil(pause(ms).then(() => this.log('later'))));
  }
  laterFails() {
    this.ctx.waitUntil(Promise.reject(new Error('later')));
    return 'ok';
  }
  async alarmIn(ms) {
    await this.ctx.storage.setAlarm(Date.now() + ms);
  }
  alarm() {
    this.log(`alarm in life ${this.number}`);
  }
  sockets() {
    return this.ctx.getWebSockets().length;
  }
  order() {
    const tags = (sockets) => sockets.map((socket) => this.ctx.getTags(socket)[1]).join('');
    return [tags(this.ctx.getWebSockets()), tags(this.ctx.getWebSockets('all'))];
  }
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    const { 0: client, 1: server } = new WebSocketPair();
    if (pathname === '/ordinary') {
      server.accept();
      server.addEventListener('message', ({ data }) => server.send(`${data} in life ${this.number}`));
    } else {
      if (pathname === '/automatic') this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
      this.ctx.acceptWebSocket(server, ['all', search.slice(1)]);
      server.serializeAttachment({ kept: new Date(0) });
      server.x = 1;
    }
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(ws, message) {
    switch (message) {
      case 'abort':
        return this.ctx.abort('by a message');
      case 'throw':
        throw new Error('by a message');
      case 'slow':
        await pause(150);
        break;
      case 'state': {
        const stamp = this.ctx.getWebSocketAutoResponseTimestamp(ws);
        return ws.send(show([this.number, ws.readyState, this.ctx.getTags(ws), ws.deserializeAttachment(), ws.x, ws.binaryType, stamp, this.ctx.getWebSocketAutoResponse()?.request]));
      }
      case 'same':
        return ws.send(show([this.ctx.getWebSockets()[0] === ws, this.seen === undefined || this.seen === ws, (this.seen = ws) === ws]));
    }
    this.log('message');
    ws.send(`${message} in life ${this.number}`);
  }
  webSocketClose(ws, code, reason, wasClean) {
    this.log(`close ${code} ${reason} ${wasClean} ${ws.readyState} in life ${this.number}`);
    ws.close(code, reason);
  }
}

export default answers(rows, (name, env) => {
  const get = () => env.OBJ.getByName(name);
  return line(rows[name], { env, name, stub: get(), get });
});

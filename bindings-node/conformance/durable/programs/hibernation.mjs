// workerd: {"classes": ["Obj"], "together": true}
// WebSockets of objects that slept meanwhile: what closes, errors, tags, order and attachments are afterwards.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const logs = new Map();
const builds = new Map();
/** Longer than an object stays awake that nothing happens to. */
const asleep = () => pause(14_000);
const settled = () => pause(1_000);

async function client(stub, tags = '', how = '') {
  const { webSocket } = await stub.fetch(`http://x/${how}?${tags}`, { headers: { upgrade: 'websocket' } });
  const got = [];
  webSocket.addEventListener('message', ({ data }) => got.push(typeof data === 'string' ? data : `bytes ${data.byteLength ?? data.size}`));
  webSocket.addEventListener('close', ({ code, reason, wasClean }) => got.push([code, reason, wasClean, webSocket.readyState]));
  webSocket.addEventListener('error', () => {});
  webSocket.accept();
  return { end: webSocket, got, close: (...args) => webSocket.close(...args), send: (data) => webSocket.send(data) };
}

export const rows = {
  'a close with a code after sleep': async ({ get, name }) => {
    const { got, close, end } = await client(get());
    await asleep();
    close(4321, 'bye');
    await settled();
    return [logs.get(name), got, end.readyState];
  },
  'a close without a code after sleep': async ({ get, name }) => {
    const { got, close } = await client(get(), 'answer');
    await asleep();
    close();
    await settled();
    return [logs.get(name), got];
  },
  'a close that is answered after sleep': async ({ get, name }) => {
    const { got, close } = await client(get(), 'answer');
    await asleep();
    close(3000, 'x');
    await settled();
    return [logs.get(name), got, await get().sockets()];
  },
  'a close that is answered by nobody, and then sleep': async ({ get, name }) => {
    const { got, close } = await client(get(), 'a');
    close(3000, 'x');
    await asleep();
    return [logs.get(name), got, await get().sockets(), await get().states(), builds.get(name)];
  },
  'the object closes after sleep': async ({ get, name }) => {
    const { got } = await client(get());
    await asleep();
    await get().closeAll(4001, 'late');
    await settled();
    return [logs.get(name), got, await get().sockets()];
  },
  'the object closes, sleeps, and the client answers': async ({ get, name }) => {
    const { got } = await client(get());
    await get().closeAll(4001, 'early');
    await asleep();
    return [logs.get(name), got, await get().sockets()];
  },
  'bytes after sleep': async ({ get, name }) => {
    const { got, send } = await client(get());
    await asleep();
    send(new Uint8Array([1, 2, 3]));
    await settled();
    return [logs.get(name), got];
  },
  'many messages at once wake it once': async ({ get, name }) => {
    const { got, send } = await client(get());
    await asleep();
    for (let n = 0; n < 20; n++) send(`m${n}`);
    await settled();
    return [builds.get(name), got.length, got[0], got.at(-1)];
  },
  'messages of many sockets wake it once': async ({ get, name }) => {
    const all = [];
    for (let n = 0; n < 5; n++) all.push(await client(get(), `t${n}`));
    await asleep();
    all.forEach(({ send }, n) => send(`from ${n}`));
    await settled();
    return [builds.get(name), all.map(({ got }) => got)];
  },
  'tags after sleep': async ({ get }) => {
    await client(get(), 'a,b');
    await client(get(), 'b,c');
    await client(get(), 'b');
    await asleep();
    return get().tagged();
  },
  'attachments after sleep': async ({ get }) => {
    await client(get(), 'a');
    await get().attach({ when: new Date(0), big: 5n, map: new Map([[1, { a: [1, , 3] }]]), bytes: new Uint8Array([1]) });
    await asleep();
    return get().attached();
  },
  'an attachment that is changed and not written': async ({ get }) => {
    await client(get(), 'a');
    await get().attach({ n: 1 });
    await get().changeAttachment();
    await asleep();
    return get().attached();
  },
  'an attachment of null': async ({ get }) => {
    await client(get(), 'a');
    await get().attach(null);
    return get().attached();
  },
  'an attachment of undefined': async ({ get }) => {
    await client(get(), 'a');
    await get().attach({ n: 1 });
    await get().attach(undefined);
    return get().attached();
  },
  'what is set on a socket is gone after sleep': async ({ get }) => {
    await client(get(), 'a');
    const before = await get().expando('set');
    await asleep();
    return [before, await get().expando()];
  },
  'properties of a socket after sleep': async ({ get }) => {
    await client(get(), 'a');
    const before = await get().properties();
    await asleep();
    return [before, await get().properties()];
  },
  'the automatic answer after sleep': async ({ get, name }) => {
    const { got, send } = await client(get(), '', 'automatic');
    await asleep();
    send('ping');
    send('other');
    await settled();
    return [got, builds.get(name), await get().automatic()];
  },
  'the time of an automatic answer after sleep': async ({ get }) => {
    const { send } = await client(get(), '', 'automatic');
    send('ping');
    await settled();
    const before = await get().stamp();
    await asleep();
    return [before === (await get().stamp()), typeof before];
  },
  'an automatic answer that is cleared': async ({ get, name }) => {
    const { got, send } = await client(get(), '', 'automatic');
    await get().clearAutomatic();
    send('ping');
    await settled();
    return [got, logs.get(name)];
  },
  'an automatic answer that is changed': async ({ get }) => {
    const { got, send } = await client(get(), '', 'automatic');
    send('ping');
    await settled();
    await get().changeAutomatic();
    send('ping');
    send('PING');
    await settled();
    return got;
  },
  'an automatic answer of an empty text': async ({ get }) => {
    const { got, send } = await client(get(), '', 'empty');
    send('');
    await settled();
    return got;
  },
  'an automatic answer to a text that looks alike': async ({ get }) => {
    const { got, send } = await client(get(), '', 'json');
    send('{"type":"ping"}');
    send('{"type": "ping"}');
    await settled();
    return got;
  },
  'the event timeout after sleep': async ({ get }) => {
    await get().setTimeout(1234);
    await client(get());
    await asleep();
    return get().getTimeout();
  },
  'the event timeout without a socket, after sleep': async ({ get, name }) => {
    await get().setTimeout(1234);
    await asleep();
    return [await get().getTimeout(), builds.get(name)];
  },
  'the automatic answer without a socket, after sleep': async ({ get, name }) => {
    await get().changeAutomatic();
    await asleep();
    return [await get().automatic(), builds.get(name)];
  },
  'a throw in a message after sleep': async ({ get, name }) => {
    const { got, send } = await client(get());
    await asleep();
    send('throw');
    send('after');
    await settled();
    return [got, builds.get(name)];
  },
  'a constructor that waits, and messages': async ({ get, name }) => {
    const { got, send } = await client(get(), '', 'load');
    await asleep();
    send('one');
    send('two');
    await settled();
    return [got, builds.get(name)];
  },
  'the object is put away while a client closes': async ({ get, name }) => {
    const [one, two] = [await client(get(), 'one'), await client(get(), 'two')];
    await asleep();
    one.close(1000, 'one');
    two.send('hello');
    await settled();
    return [logs.get(name), one.got, two.got, await get().sockets()];
  },
  'broadcast after sleep': async ({ get }) => {
    const all = [await client(get()), await client(get()), await client(get())];
    await asleep();
    all[1].send('all');
    await settled();
    return all.map(({ got }) => got);
  },
  'an alarm that sends to those asleep': async ({ get, name }) => {
    const { got } = await client(get());
    await get().alarmIn(12_500);
    await asleep();
    await settled();
    return [got, builds.get(name)];
  },
  'deleteAll leaves sockets': async ({ get }) => {
    const { got, send } = await client(get());
    await get().wipe();
    send('x');
    await settled();
    return [got, await get().sockets()];
  },
  'an abort closes those asleep': async ({ get }, { tried }) => {
    const { got } = await client(get());
    await asleep();
    await tried(() => get().abort());
    await settled();
    return [got, await get().sockets()];
  },
  'a close by the client while the handler waits': async ({ get, name }) => {
    const { got, send, close } = await client(get());
    send('slow');
    await pause(50);
    close(4000, 'gone');
    await settled();
    return [logs.get(name), got];
  },
  'a message, and a close at once': async ({ get, name }) => {
    const { got, send, close } = await client(get());
    send('last');
    close(1000, 'end');
    await settled();
    return [logs.get(name), got];
  },
  'codes of closes': async ({ get, name }) => {
    for (const [code, reason] of [[1000], [1001], [3000, 'a'], [4999, 'ü'], [1000, 'x'.repeat(123)]]) {
      const { close } = await client(get(), 'answer');
      try {
        close(code, reason);
      } catch (error) {
        logs.set(name, [...(logs.get(name) ?? []), `${error.name}: ${error.message}`]);
      }
      await settled();
    }
    return logs.get(name);
  },
  'what the object may close with': async ({ get }) => {
    const { got } = await client(get());
    return [await get().closes(), got];
  },
  'sends of every kind': async ({ get }) => {
    const { got } = await client(get());
    const said = await get().sends();
    await settled();
    return [said, got];
  },
  'a send after a close': async ({ get }) => {
    await client(get());
    return get().sendAfterClose();
  },
  'a close twice': async ({ get }) => {
    const { got } = await client(get());
    const said = await get().closeTwice();
    await settled();
    return [said, got];
  },
  'a socket that is accepted and never returned': async ({ get }) => [await get().keep(), await get().sockets()],
  'both ends are hibernatable': async ({ get }, { tried }) => tried(() => get().both()),
  'a socket of another object': async ({ get }, { tried }) => tried(() => get().foreign()),
  'getWebSockets while one is closing': async ({ get, name }) => {
    const { close } = await client(get(), 'a');
    close(4000);
    await settled();
    return [logs.get(name), await get().sockets()];
  },
  'ordinary and hibernatable beside each other': async ({ get }) => {
    const [one, two] = [await client(get(), 'a'), await client(get(), 'a', 'ordinary')];
    one.send('x');
    two.send('y');
    await settled();
    return [one.got, two.got, await get().sockets()];
  },
};

export class Obj extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    const name = ctx.id.name;
    builds.set(name, (builds.get(name) ?? 0) + 1);
    this.seen = ctx.getWebSockets().length;
    if (name === 'a constructor that waits, and messages') {
      ctx.blockConcurrencyWhile(async () => {
        await pause(100);
        this.loaded = true;
      });
    }
  }
  log(what) {
    logs.set(this.ctx.id.name, [...(logs.get(this.ctx.id.name) ?? []), what]);
  }
  all() {
    return this.ctx.getWebSockets();
  }
  sockets() {
    return this.all().length;
  }
  states() {
    return this.all().map(({ readyState }) => readyState);
  }
  closeAll(...args) {
    for (const socket of this.all()) socket.close(...args);
  }
  tagged() {
    return [this.all().map((socket) => this.ctx.getTags(socket)), ...['a', 'b', 'c', 'd'].map((tag) => this.ctx.getWebSockets(tag).map((socket) => this.ctx.getTags(socket).join()))];
  }
  attach(value) {
    this.all()[0].serializeAttachment(value);
  }
  attached() {
    return show(this.all()[0].deserializeAttachment());
  }
  changeAttachment() {
    this.all()[0].deserializeAttachment().n = 2;
  }
  expando(value) {
    const [socket] = this.all();
    if (value !== undefined) socket.mine = value;
    return String(socket.mine);
  }
  properties() {
    const [socket] = this.all();
    return [socket.readyState, socket.url, socket.protocol, socket.extensions, socket.binaryType, socket.bufferedAmount, socket.onmessage, Object.keys(socket)];
  }
  automatic() {
    const pair = this.ctx.getWebSocketAutoResponse();
    return pair && [pair.request, pair.response];
  }
  stamp() {
    return Number(this.ctx.getWebSocketAutoResponseTimestamp(this.all()[0]));
  }
  clearAutomatic() {
    this.ctx.setWebSocketAutoResponse();
  }
  changeAutomatic() {
    this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('PING', 'PONG'));
  }
  setTimeout(ms) {
    this.ctx.setHibernatableWebSocketEventTimeout(ms);
  }
  getTimeout() {
    return this.ctx.getHibernatableWebSocketEventTimeout();
  }
  async alarmIn(ms) {
    await this.ctx.storage.setAlarm(Date.now() + ms);
  }
  alarm() {
    for (const socket of this.all()) socket.send('alarm');
  }
  wipe() {
    return this.ctx.storage.deleteAll();
  }
  abort() {
    this.ctx.abort('x');
  }
  async attempts(...attempts) {
    const said = [];
    for (const attempt of attempts) {
      try {
        said.push(show(await attempt()));
      } catch (error) {
        said.push(`${error.name}: ${error.message}`);
      }
    }
    return said;
  }
  closes() {
    const [socket] = this.all();
    const bad = [[999], [1005], [1006], [1015], [2999], [5000], [1001.5, ''], ['1000', 'text'], [NaN], [null, 'x'], [undefined, 'x'], [1000, 'ü'.repeat(62)], [0], [-1], [65536 + 1000]];
    return this.attempts(...bad.map((args) => () => [show(args), socket.close(...args), socket.readyState]));
  }
  sends() {
    const [socket] = this.all();
    const values = ['', 'ü', new ArrayBuffer(2), new Uint8Array([1, 2, 3]).subarray(1), new DataView(new ArrayBuffer(4), 1, 2), 5, null, undefined, {}, [1], new Blob(['x']), Symbol('s'), new String('boxed'), true, 10n];
    return this.attempts(...values.map((value) => () => socket.send(value)), () => socket.send());
  }
  sendAfterClose() {
    const [socket] = this.all();
    return this.attempts(() => socket.close(1000), () => socket.send('x'), () => socket.readyState, () => socket.serializeAttachment(1), () => socket.deserializeAttachment(), () => this.ctx.getTags(socket), () => this.sockets());
  }
  closeTwice() {
    const [socket] = this.all();
    return this.attempts(() => socket.close(4001, 'a'), () => socket.close(4002, 'b'), () => socket.readyState);
  }
  keep() {
    const [a] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(a, ['kept']);
    return this.ctx.getTags(a);
  }
  both() {
    const [a, b] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(a);
    this.ctx.acceptWebSocket(b);
  }
  async foreign() {
    const [a] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(a);
    return this.env.OBJ.getByName('foreign').takes(a);
  }
  takes(socket) {
    return this.ctx.getTags(socket);
  }
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    const how = pathname.slice(1);
    const [client, server] = Object.values(new WebSocketPair());
    const pairs = { automatic: ['ping', 'pong'], empty: ['', 'was empty'], json: ['{"type":"ping"}', '{"type":"pong"}'] };
    if (how in pairs) this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(...pairs[how]));
    if (how === 'ordinary') {
      server.accept();
      server.addEventListener('message', ({ data }) => server.send(`ordinary ${data}`));
    } else this.ctx.acceptWebSocket(server, search === '' ? [] : search.slice(1).split(','));
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(ws, message) {
    const text = typeof message === 'string' ? message : `bytes ${message.byteLength} ${message.constructor.name}`;
    if (text === 'throw') throw new Error('in a message');
    if (text === 'all') return this.all().forEach((socket) => socket.send(`all ${socket === ws}`));
    if (text === 'slow') {
      await pause(300);
      this.log(`slow ${ws.readyState}`);
      try {
        ws.send('late');
      } catch (error) {
        this.log(`${error.name}: ${error.message}`);
      }
      return;
    }
    this.log(text);
    ws.send(`re ${text}${this.loaded ? ' loaded' : ''}`);
  }
  webSocketClose(ws, code, reason, wasClean) {
    this.log(`close ${code} ${reason.length > 20 ? reason.length : reason} ${wasClean} ${ws.readyState} ${this.all().includes(ws)} ${this.ctx.getTags(ws)} ${this.seen} ${typeof code} ${typeof reason}`);
    if (this.ctx.getTags(ws).includes('answer')) ws.close(code === 1005 ? 1000 : code, 'answered');
  }
  webSocketError(ws, error) {
    this.log(`error ${error.message} ${ws.readyState}`);
  }
}

export default answers(rows, (name, env) => line(rows[name], { env, name, get: () => env.OBJ.getByName(name) }));

// workerd: {"classes": ["Obj"], "together": true}
// Hibernatable WebSockets within one life of an object: what is refused, tags, automatic answers, closes.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause, show } from '../rows.mjs';

const logs = new Map();
const two = () => Object.values(new WebSocketPair());
/** What can happen has happened, on a slow machine too. */
const settled = () => pause(1_000);

/** A client's end of a WebSocket of the object, and what it hears. */
async function client(stub, path = '') {
  const { webSocket } = await stub.fetch(`http://x/${path}`, { headers: { upgrade: 'websocket' } });
  const got = [];
  webSocket.addEventListener('message', ({ data }) => got.push(data));
  webSocket.addEventListener('close', ({ code, reason, wasClean }) => got.push([code, reason, wasClean, webSocket.readyState]));
  // Behind a close there may be one, when the network was quick.
  webSocket.addEventListener('error', ({ message }) => !Array.isArray(got.at(-1)) && got.push(`error ${message}`));
  webSocket.accept();
  return { end: webSocket, got };
}

/** Rows that run inside the object, with its state. */
const inside = {
  'accept what was returned': async (ctx, { note, tried }) => {
    const [a, b] = two();
    new Response(null, { status: 101, webSocket: a });
    note(await tried(() => ctx.acceptWebSocket(a)), await tried(() => ctx.acceptWebSocket(b)), ctx.getWebSockets().length);
  },
  'accept the other end afterwards': async (ctx, { note, tried }) => {
    const [a, b] = two();
    ctx.acceptWebSocket(a);
    note(await tried(() => b.accept()), await tried(() => b.send('x')), await tried(() => ctx.acceptWebSocket(b)), [a.readyState, b.readyState]);
  },
  'accept one that was closed': async (ctx, { note, tried }) => {
    const [a, b] = two();
    a.accept();
    a.close(1000);
    note(await tried(() => ctx.acceptWebSocket(a)), await tried(() => ctx.acceptWebSocket(b)));
  },
  'accept what is none': async (ctx, { note, tried }) => {
    for (const value of [null, undefined, {}, 'x', 5, new WebSocketPair()]) note(await tried(() => ctx.acceptWebSocket(value)));
  },
  'tags of any kind': async (ctx, { note, tried }) => {
    for (const tags of [undefined, [], [1, null, undefined, true, {}], ['', ''], null, 'tag', {}, 5, new Set(['a']), [Symbol('x')]]) {
      const [a] = two();
      note(await tried(() => ctx.acceptWebSocket(a, tags)), await tried(() => ctx.getTags(a)));
    }
  },
  'tags that are too many or too long': async (ctx, { note, tried }) => {
    const letters = [...'abcdefghij'];
    for (const tags of [letters, [...letters, 'a'], [...letters, 'k'], ['a', ...letters], ['é'.repeat(128)], ['é'.repeat(129)], ['x'.repeat(257), 5]]) note(await tried(() => ctx.acceptWebSocket(two()[0], tags)));
    note(ctx.getWebSockets().length);
  },
  'getWebSockets of anything': async (ctx, { note }) => {
    for (const tags of [['null'], ['undefined'], ['5'], ['']]) ctx.acceptWebSocket(two()[0], tags);
    for (const tag of [undefined, null, 5, '', 'no', 'undefined']) note(ctx.getWebSockets(tag).length);
    note(ctx.getWebSockets() === ctx.getWebSockets(), ctx.getWebSockets()[0] === ctx.getWebSockets()[0]);
  },
  'getTags of what is none': async (ctx, { note, tried }) => {
    for (const value of [null, undefined, {}, 'x']) note(await tried(() => ctx.getTags(value)));
    const [a, b] = two();
    note(await tried(() => ctx.getTags(a)));
    b.accept();
    note(await tried(() => ctx.getTags(b)));
  },
  'getTags gives a copy': (ctx) => {
    const [a] = two();
    const given = ['a'];
    ctx.acceptWebSocket(a, given);
    given.push('b');
    ctx.getTags(a).push('c');
    return ctx.getTags(a);
  },
  'automatic answers that are none': async (ctx, { note, tried }) => {
    for (const value of [null, {}, 'x', ['a', 'b'], { request: 'a', response: 'b' }]) note(await tried(() => ctx.setWebSocketAutoResponse(value)));
    note(await tried(() => ctx.setWebSocketAutoResponse(undefined)), await tried(() => ctx.setWebSocketAutoResponse()), ctx.getWebSocketAutoResponse());
  },
  'automatic answers by length': async (ctx, { note, tried }) => {
    for (const [a, b] of [['', ''], ['é'.repeat(1024), ''], ['é'.repeat(1025), ''], ['', 'é'.repeat(1025)], ['x'.repeat(3000), 'y'.repeat(3000)]]) note(await tried(() => ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(a, b))));
  },
  'the same automatic answer': (ctx) => {
    const pair = new WebSocketRequestResponsePair('a', 'b');
    ctx.setWebSocketAutoResponse(pair);
    const got = ctx.getWebSocketAutoResponse();
    return [got.request, got.response, Object.keys(got), Object.prototype.toString.call(got)];
  },
  'WebSocketRequestResponsePair': async (_ctx, { note, tried }) => {
    for (const args of [[], ['a'], ['a', 'b', 'c'], [1, null], [undefined, {}]]) note(await tried(() => {
      const { request, response } = new WebSocketRequestResponsePair(...args);
      return [request, response];
    }));
    note(await tried(() => WebSocketRequestResponsePair('a', 'b')), WebSocketRequestResponsePair.length, Object.getOwnPropertyNames(WebSocketRequestResponsePair.prototype).sort());
  },
  'timestamps of what was never answered': async (ctx, { note, tried }) => {
    const [a, b] = two();
    note(await tried(() => ctx.getWebSocketAutoResponseTimestamp(a)));
    ctx.acceptWebSocket(a);
    note(await tried(() => ctx.getWebSocketAutoResponseTimestamp(a)), await tried(() => ctx.getWebSocketAutoResponseTimestamp(b)), await tried(() => ctx.getWebSocketAutoResponseTimestamp({})), await tried(() => ctx.getWebSocketAutoResponseTimestamp()));
  },
  'event timeouts': async (ctx, { note, tried }) => {
    for (const ms of [5, 0, 604_800_000, 604_800_001, -1, NaN, 1.9, '7', null, undefined, Infinity, {}]) note(await tried(() => ctx.setHibernatableWebSocketEventTimeout(ms)), ctx.getHibernatableWebSocketEventTimeout());
    note(await tried(() => ctx.setHibernatableWebSocketEventTimeout()), ctx.getHibernatableWebSocketEventTimeout());
  },
  'both ends in one object': async (ctx, { note }) => {
    const [a, b] = two();
    ctx.acceptWebSocket(a, ['mine']);
    const got = [];
    b.addEventListener('message', ({ data }) => got.push(data));
    b.accept();
    b.send('hello');
    await settled();
    note(got, ctx.getWebSockets('mine').length);
  },
};

export const rows = {
  ...Object.fromEntries(Object.keys(inside).map((name) => [name, ({ stub }) => stub.run(name)])),
  'messages and their kinds': async ({ stub }) => {
    const { end, got } = await client(stub);
    end.send('text');
    end.send(new Uint8Array([1, 2]));
    end.send('');
    end.send(new ArrayBuffer(0));
    await settled();
    return got;
  },
  'a close that is answered': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'answer');
    end.close(4001, 'why');
    await settled();
    return [got, end.readyState, logs.get(name), await stub.sockets()];
  },
  'a close that is not answered': async ({ stub, name }) => {
    const { end, got } = await client(stub);
    end.close(4001, 'why');
    await settled();
    return [got, end.readyState, logs.get(name), await stub.sockets()];
  },
  'a close without a code': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'answer');
    end.close();
    await settled();
    return [got, end.readyState, logs.get(name)];
  },
  'a close handler that throws': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'throw');
    end.close(4001, 'why');
    await settled();
    return [got, end.readyState, logs.get(name), await stub.sockets()];
  },
  'a close handler that waits': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'wait');
    end.close(4001, 'why');
    await pause(500);
    const during = await stub.sockets();
    await pause(2_000);
    return [got, during, logs.get(name), await stub.sockets()];
  },
  'a close handler that sends': async ({ stub }) => {
    const { end, got } = await client(stub, 'send');
    end.close(4001, 'why');
    await settled();
    return [got, end.readyState];
  },
  'the object closes': async ({ stub, name }) => {
    const { end, got } = await client(stub);
    end.send('close');
    await settled();
    return [got, end.readyState, logs.get(name), await stub.sockets()];
  },
  'the object closes, and goes on': async ({ stub }) => {
    const { end, got } = await client(stub);
    end.send('close and more');
    await settled();
    return got;
  },
  'messages behind a close': async ({ stub }) => {
    const { end, got } = await client(stub);
    for (const text of ['a', 'close', 'b', 'c']) end.send(text);
    await settled();
    return got;
  },
  'messages before it is accepted by the client': async ({ stub }) => {
    const { webSocket } = await stub.fetch('http://x/early', { headers: { upgrade: 'websocket' } });
    await settled();
    const got = [];
    webSocket.addEventListener('message', ({ data }) => got.push(data));
    webSocket.accept();
    await settled();
    return got;
  },
  'automatic answers and others in order': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'automatic');
    for (const text of ['ping', 'a', 'ping', 'b', 'Ping', 'ping ']) end.send(text);
    end.send(new TextEncoder().encode('ping'));
    await settled();
    return [got, logs.get(name)];
  },
  'an automatic answer has its time': async ({ stub }) => {
    const { end } = await client(stub, 'automatic');
    const before = await stub.stamp();
    end.send('ping');
    await settled();
    return [before, await stub.stamp()];
  },
  'an automatic answer after a close': async ({ stub }) => {
    const { end, got } = await client(stub, 'automatic');
    end.send('close');
    end.send('ping');
    await settled();
    return got;
  },
  'attachments': async ({ stub }) => {
    const { end, got } = await client(stub);
    end.send('attach');
    await settled();
    return got;
  },
  'a handler that takes too long': async ({ stub, name }) => {
    const { end, got } = await client(stub, 'timeout');
    end.send('slow');
    await pause(500);
    end.send('a');
    await settled();
    return [got, logs.get(name)];
  },
  'broadcast': async ({ stub }) => {
    const all = [await client(stub), await client(stub), await client(stub)];
    all[0].end.send('all');
    await settled();
    return all.map(({ got }) => got);
  },
  'the order over two sockets': async ({ stub, name }) => {
    const [one, two] = [await client(stub), await client(stub)];
    for (const text of ['1', '2', '3']) {
      one.end.send(`one ${text}`);
      two.end.send(`two ${text}`);
    }
    await settled();
    return [one.got, two.got, logs.get(name).sort()];
  },
};

export class Obj extends DurableObject {
  log(what) {
    logs.set(this.ctx.id.name, [...(logs.get(this.ctx.id.name) ?? []), what]);
  }
  run(name) {
    return line(inside[name], this.ctx);
  }
  sockets() {
    return this.ctx.getWebSockets().length;
  }
  stamp() {
    const at = this.ctx.getWebSocketAutoResponseTimestamp(this.ctx.getWebSockets()[0]);
    return at === null ? null : [at instanceof Date, Math.abs(Date.now() - at) < 10_000];
  }
  fetch(request) {
    const how = new URL(request.url).pathname.slice(1);
    const [client, server] = two();
    if (how === 'automatic') this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    if (how === 'timeout') this.ctx.setHibernatableWebSocketEventTimeout(100);
    this.ctx.acceptWebSocket(server, [how]);
    if (how === 'early') for (const text of ['a', 'b']) server.send(text);
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(ws, message) {
    const text = typeof message === 'string' ? message : `bytes ${message.byteLength} ${message.constructor.name}`;
    this.log(text);
    const attempt = (what) => {
      try {
        return what() ?? 'done';
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    };
    if (text === 'close') return ws.close(4002, 'object');
    if (text === 'close and more') {
      ws.close(4002, 'object');
      return this.log([ws.readyState, attempt(() => ws.send('x')), attempt(() => ws.close(4003))]);
    }
    if (text === 'attach') {
      const before = show(ws.deserializeAttachment());
      ws.serializeAttachment({ a: [1n, new Map([[1, 2]])] });
      ws.send(`${before} ${show(ws.deserializeAttachment())} ${ws.deserializeAttachment() === ws.deserializeAttachment()} ${attempt(() => ws.serializeAttachment(() => {}))} ${attempt(() => ws.serializeAttachment('x'.repeat(20_000)))} ${show(ws.deserializeAttachment())}`);
      return;
    }
    if (text === 'all') {
      for (const socket of this.ctx.getWebSockets()) socket.send(socket === ws ? 'mine' : 'yours');
      return;
    }
    if (text === 'slow') {
      await pause(300);
      this.log('resumed');
    }
    ws.send(`re ${text}`);
  }
  async webSocketClose(ws, code, reason, wasClean) {
    const how = this.ctx.getTags(ws)[0];
    this.log(`close ${code} ${reason} ${wasClean} ${ws.readyState} ${this.ctx.getWebSockets().includes(ws)}`);
    if (how === 'throw') throw new Error('in the close handler');
    if (how === 'wait') await pause(1_500);
    if (how === 'send') ws.send('goodbye');
    if (how === 'answer' || how === 'wait' || how === 'send') {
      ws.close(code === 1005 ? undefined : code, code === 1005 ? undefined : 'answer');
      this.log(`closed ${ws.readyState}`);
    }
  }
  webSocketError(_ws, error) {
    this.log(`error ${error.message}`);
  }
}

export default answers(rows, (name, env) => line(rows[name], { env, name, stub: env.OBJ.getByName(name) }));

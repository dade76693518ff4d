// A Worker: a page with an echo, and chat rooms that remember what was said. Each room is a Durable
// Object, which sleeps while nobody talks. It runs in the Workers runtime as it is here:
//
//     wspair --config examples/chat/wrangler.jsonc
import { DurableObject } from 'cloudflare:workers';
import page from './page.mjs';

export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get('upgrade') === 'websocket') {
      if (pathname === '/chat') return env.ROOMS.getByName(searchParams.get('room') ?? 'lobby').fetch(request);
      if (pathname !== '/echo') return new Response('no such socket\n', { status: 404 });
      const [client, server] = Object.values(new WebSocketPair());
      echo(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    if (pathname !== '/') return new Response('not found\n', { status: 404 });
    return new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } });
  },
};

function echo(socket) {
  socket.accept();
  socket.addEventListener('message', ({ data }) => socket.send(data));
}

/** How much of what was said a newcomer sees. */
const REMEMBERED = 20;

export class Room extends DurableObject {
  async fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    const name = new URL(request.url).searchParams.get('name')?.trim().slice(0, 20) || 'somebody';
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ name });
    // The newest ones, in the order in which they were said.
    const said = await this.ctx.storage.list({ prefix: 'said ', reverse: true, limit: REMEMBERED });
    for (const news of [...said.values()].reverse()) server.send(JSON.stringify({ ...news, people: this.people() }));
    this.tell({ kind: 'joined', name });
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(socket, data) {
    if (typeof data !== 'string' || data.trim() === '') return;
    const { name } = socket.deserializeAttachment();
    const news = { kind: 'said', name, text: data.slice(0, 2000) };
    const count = ((await this.ctx.storage.get('count')) ?? 0) + 1;
    await this.ctx.storage.put({ count, [`said ${String(count).padStart(9, '0')}`]: news });
    this.tell(news);
  }

  webSocketClose(socket, code, reason) {
    if (code !== 1006) socket.close(code === 1005 ? 1000 : code, reason);
    this.tell({ kind: 'left', name: socket.deserializeAttachment().name }, socket);
  }

  /** @param gone who is not there any more */
  tell(news, gone) {
    const text = JSON.stringify({ ...news, people: this.people(gone) });
    for (const socket of this.ctx.getWebSockets()) if (socket !== gone) socket.send(text);
  }

  people(gone) {
    return this.ctx.getWebSockets().filter((socket) => socket !== gone).map((socket) => socket.deserializeAttachment().name).sort();
  }
}

// A Worker: a list that all who have its page open write together. Each list is a Durable Object, and
// is there after a restart. It runs in the Workers runtime as it is here:
//
//     wspair --config examples/todo/wrangler.jsonc
import { DurableObject } from 'cloudflare:workers';
import page from './page.mjs';

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.headers.get('upgrade') === 'websocket') return env.LISTS.getByName(pathname).fetch(request);
    return new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } });
  },
};

const MOST = 200;

export class List extends DurableObject {
  async fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.send(JSON.stringify({ items: await this.items() }));
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(_socket, data) {
    const { id, text, done } = JSON.parse(data);
    const { storage } = this.ctx;
    if (id === undefined) {
      if (typeof text !== 'string' || text.trim() === '' || (await this.items()).length >= MOST) return;
      const next = ((await storage.get('next')) ?? 0) + 1;
      await storage.put({ next, [`item ${String(next).padStart(9, '0')}`]: { text: text.trim().slice(0, 200), done: false } });
    } else if (done === undefined) {
      await storage.delete(id);
    } else {
      const item = await storage.get(id);
      if (item !== undefined) await storage.put(id, { ...item, done: Boolean(done) });
    }
    const told = JSON.stringify({ items: await this.items() });
    for (const socket of this.ctx.getWebSockets()) socket.send(told);
  }

  webSocketClose(socket, code, reason) {
    if (code !== 1006) socket.close(code === 1005 ? 1000 : code, reason);
  }

  async items() {
    return [...(await this.ctx.storage.list({ prefix: 'item ' }))].map(([id, item]) => ({ id, ...item }));
  }
}

// One room an object: it echoes, counts in memory, or counts in its storage.
import { DurableObject } from 'cloudflare:workers';

export class Room extends DurableObject {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(ws, message) {
    if (message.startsWith('put')) await this.ctx.storage.put('last', message);
    else if (message.startsWith('sql')) {
      this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, text TEXT)');
      this.ctx.storage.sql.exec('INSERT INTO log (text) VALUES (?)', message);
    } else if (message.startsWith('get')) message = (await this.ctx.storage.get('last')) ?? 'none';
    ws.send(message);
  }
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    return pathname === '/' ? new Response('ready') : env.ROOM.getByName(pathname).fetch(request);
  },
};

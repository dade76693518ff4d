// A whiteboard of tldraw whose room is an object, with the store that tldraw has for those.
import { DurableObject } from 'cloudflare:workers';
import { DurableObjectSqliteSyncWrapper, SQLiteSyncStorage, TLSocketRoom } from '@tldraw/sync-core';
import { createTLSchema } from '@tldraw/tlschema';

export class Board extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    const storage = new SQLiteSyncStorage({ sql: new DurableObjectSqliteSyncWrapper(ctx.storage) });
    this.room = new TLSocketRoom({ schema: createTLSchema(), storage });
  }
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    this.room.handleSocketConnect({ sessionId: new URL(request.url).searchParams.get('sessionId'), socket: server });
    return new Response(null, { status: 101, webSocket: client });
  }
}

export default {
  fetch: (request, env) => env.BOARD.getByName(new URL(request.url).pathname).fetch(request),
};

declare namespace WspairGlobals {
  const WebSocketPair: import('../dist/web/end-types').WebSocketPairConstructor;
  type Pair = import('../dist/web/end-types').WebSocketPair;

  /** An end of a pair: where the runtime's own types are, theirs. */
  type Socket = typeof globalThis extends { WebSocket: { prototype: infer Global } }
    ? Global extends { accept(options?: any): void }
      ? Global
      : import('../dist/web/end-types').WebSocket
    : import('../dist/web/end-types').WebSocket;
}

/** Two connected ends: what one sends, the other receives. */
interface WebSocketPair extends WspairGlobals.Pair {}

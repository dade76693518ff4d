// The Worker under test.
import { run } from './applications.mjs';
import { mayGo, parse, tell, textOf, turn } from './speak.mjs';

const { Response, WebSocketPair } = await import(process.env.WSPAIR);

const host = {
  accept: (socket) => socket.accept(),
  isOpen: (socket) => socket.readyState === 1,
  async waitWritable(socket) {
    do await turn();
    while (socket.bufferedAmount > 1 << 20 && socket.readyState === 1);
  },
};

const deciding = {
  async decide(request, path) {
    tell('deciding', path);
    const gone = new Promise((resolve) => request.signal.addEventListener('abort', () => resolve('told')));
    tell(await Promise.race([gone, mayGo.then(() => 'decided')]), path);
  },
  refuse: () => new Response('no\n', { status: 404 }),
  'throw-deciding'() {
    throw new Error('while deciding');
  },
  async length(request) {
    return new Response(`${(await request.arrayBuffer()).byteLength}\n`);
  },
  endless(request, path) {
    let pulled = 0;
    return new Response(
      new ReadableStream({
        pull(controller) {
          tell('pulled', path, { chunks: ++pulled });
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: (reason) => tell('cancelled', path, textOf(reason)),
      }),
      { status: 404 },
    );
  },
};

export default {
  async fetch(request) {
    const { name, path } = parse(request.url);
    const answer = await deciding[name]?.(request, path);
    if (answer !== undefined) return answer;
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return new Response('for WebSockets\n', { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.binaryType = 'arraybuffer';
    run(server, path, host);
    return new Response(null, { status: 101, webSocket: client });
  },
};

// An echo server: a Worker.
import { Response, serve, WebSocketPair } from 'wspair';
import { deflate, host, limits, port } from './options.mjs';

const worker = {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    server.binaryType = 'arraybuffer';
    server.addEventListener('message', (event) => server.send(event.data));
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  },
};
const { url } = await serve(worker, { port, host, limits, deflate });
console.log(`listening on ${url.replace('http', 'ws')}`);

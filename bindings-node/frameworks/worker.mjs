// The Worker that is tested in each runner.
import { env, WorkerEntrypoint } from 'cloudflare:workers';

export default {
  fetch(request) {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a WebSocket, please', { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener('message', ({ data }) => {
      if (data === 'throw') throw new Error('as asked');
      if (data === 'later') setTimeout(() => server.send('now'), 60_000);
      else server.send(data);
    });
    return new Response(null, { status: 101, webSocket: client, headers: { 'x-name': env.NAME ?? 'none' } });
  },
};

export class Greeter extends WorkerEntrypoint {
  greet() {
    return `hello, ${this.env.NAME}`;
  }
}

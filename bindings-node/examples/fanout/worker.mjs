// A Worker that hands on what its clients say; what all of them are told is the program's to send.
import 'wspair/register';

export const worker = {
  fetch(request, env) {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a WebSocket, please\n', { status: 426 });
    const name = new URL(request.url).searchParams.get('name') ?? 'somebody';
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener('message', async ({ data }) => {
      try {
        await env.say(`${name}: ${data}`);
      } catch {
        server.close(1013, 'not now');
      }
    });
    return new Response(null, { status: 101, webSocket: client });
  },
};

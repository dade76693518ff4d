// A Worker that answers what it is told.
export default {
  fetch(request, env) {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a WebSocket, please\n', { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener('message', (event) => server.send(`${env.NAME}: ${event.data}`));
    return new Response(null, { status: 101, webSocket: client });
  },
};

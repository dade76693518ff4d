// A Worker: a page with an echo and a chat room. It runs in the Workers runtime as it is here:
//
//     wspair examples/chat/worker.mjs
import page from './page.mjs';

/** Who is in the room: name by socket. */
const room = new Map();

export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get('upgrade') === 'websocket') {
      const [client, server] = Object.values(new WebSocketPair());
      if (pathname === '/echo') echo(server);
      else if (pathname === '/chat') join(server, searchParams.get('name')?.trim().slice(0, 20) || 'somebody');
      else return new Response('no such socket\n', { status: 404 });
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

function join(socket, name) {
  socket.accept();
  room.set(socket, name);
  tell({ kind: 'joined', name });
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' && data.trim() !== '') tell({ kind: 'said', name, text: data.slice(0, 2000) });
  });
  const leave = () => room.delete(socket) && tell({ kind: 'left', name });
  socket.addEventListener('close', leave);
  socket.addEventListener('error', leave);
}

function tell(news) {
  const text = JSON.stringify({ ...news, people: [...room.values()].sort() });
  for (const socket of room.keys()) socket.send(text);
}

// `new WebSocket`, or `fetch` with Upgrade.
//
//     client.mjs websocket|fetch OPTIONS
import { run } from './applications.mjs';
import { listenToDriver, options, parse, tell, textOf, turn } from './speak.mjs';

const { fetch, WebSocket } = await import(process.env.WSPAIR);
const host = {
  accept: (socket) => kind === 'fetch' && socket.accept(),
  isOpen: (socket) => socket.readyState === 1,
  async waitWritable(socket) {
    do await turn();
    while (socket.bufferedAmount > 1 << 20 && socket.readyState === 1);
  },
};
const [kind] = process.argv.slice(2);
const { handshake_within: within, max_message: maxMessage, deflate = false } = options;

function connect(url) {
  const { path } = parse(url);
  const socket = new WebSocket(url, [], {
    deflate,
    ...(within && { connectTimeout: within * 1000 }),
    ...(maxMessage && { maxMessage }),
  });
  socket.binaryType = 'arraybuffer';
  const failed = (event) => tell('failed', path, textOf(event.error ?? event));
  socket.addEventListener('error', failed);
  socket.addEventListener('open', () => {
    socket.removeEventListener('error', failed);
    run(socket, path, host);
  });
}

async function fetchSocket(url) {
  const { path } = parse(url);
  try {
    const response = await fetch(url.replace('ws', 'http'), { headers: { upgrade: 'websocket' } });
    if (!response.webSocket) throw new Error(`status ${response.status}`);
    response.webSocket.binaryType = 'arraybuffer';
    run(response.webSocket, path, host);
  } catch (error) {
    tell('failed', path, textOf(error));
  }
}

listenToDriver({ connect: kind === 'fetch' ? fetchSocket : connect });
// An open standard input keeps the process.
tell('ready');

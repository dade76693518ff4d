// The package ws as server and client, to compare with.
//
//     ws.mjs server|client OPTIONS
import { createRequire } from 'node:module';
import { run } from './applications.mjs';
import { listenToDriver, mayGo, options, parse, tell, textOf, turn } from './speak.mjs';

const { WebSocket, WebSocketServer } = createRequire(`${process.env.NODE_PACKAGES}/`)('ws');
const host = {
  accept: (socket) => socket.resume(),
  isOpen: (socket) => socket.readyState === 1,
  async waitWritable(socket) {
    do await turn();
    while (socket.bufferedAmount > 1 << 20 && socket.readyState === 1);
  },
};
const { handshake_within: within, max_message: maxPayload = 1 << 20, deflate = false, origin } = options;
const perMessageDeflate = deflate && { threshold: 0 };

function adopt(socket, path) {
  socket.binaryType = 'arraybuffer';
  // Without a listener the process ends.
  socket.on('error', () => {});
  // An application that does not take messages says so.
  if (path.startsWith('/late')) socket.pause();
  run(socket, path, host);
}

if (process.argv[2] === 'server') {
  const deciding = {
    async decide(info, path) {
      tell('deciding', path);
      const gone = new Promise((resolve) => info.req.socket.on('close', () => resolve('told')));
      tell(await Promise.race([gone, mayGo.then(() => 'decided')]), path);
      return true;
    },
    refuse: () => false,
    'throw-deciding'() {
      throw new Error('while deciding');
    },
  };
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    maxPayload,
    perMessageDeflate,
    verifyClient(info, answer) {
      if (origin && info.origin !== origin && info.origin) return answer(false, 403);
      const { name, path } = parse(info.req.url);
      const decided = deciding[name]?.(info, path) ?? true;
      Promise.resolve(decided).then((yes) => answer(yes, 404));
    },
  });
  server.on('connection', (socket, request) => adopt(socket, parse(request.url).path));
  server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
  listenToDriver({
    close(seconds) {
      const began = performance.now();
      for (const socket of server.clients) socket.close(1001);
      const timer = setTimeout(() => {
        for (const socket of server.clients) socket.terminate();
      }, seconds * 1000);
      server.close(() => {
        clearTimeout(timer);
        tell('server-closed', null, { after: (performance.now() - began) / 1000 });
      });
    },
  });
} else {
  listenToDriver({
    connect(url) {
      const { path } = parse(url);
      const socket = new WebSocket(url, { maxPayload, perMessageDeflate, ...(within && { handshakeTimeout: within * 1000 }) });
      const failed = (error) => tell('failed', path, textOf(error));
      socket.on('error', failed);
      socket.on('open', () => {
        socket.off('error', failed);
        adopt(socket, path);
      });
    },
  });
  tell('ready');
}

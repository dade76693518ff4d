// What an installed npm package has to do: a pair, and an echo over the network, with each kind of message.
import assert from 'node:assert/strict';
import { serve, WebSocket, WebSocketPair } from 'wspair';

const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

const [client, server] = Object.values(new WebSocketPair());
client.accept();
server.accept();
server.send('through the pair');
assert.equal((await next(client, 'message')).data, 'through the pair');

const worker = {
  fetch() {
    const [outside, inside] = Object.values(new WebSocketPair());
    inside.binaryType = 'arraybuffer';
    inside.accept();
    inside.addEventListener('message', ({ data }) => inside.send(data));
    return new globalThis.Response(null, { status: 101, webSocket: outside });
  },
};
await import('wspair/register');
const serving = await serve(worker, { port: 0 });
const socket = new WebSocket(serving.url.replace('http', 'ws'));
socket.binaryType = 'arraybuffer';
await next(socket, 'open');
const bytes = new Uint8Array(300_000).map((_, at) => at * 7);
for (const message of ['', 'short', 'grün 🎉'.repeat(5_000), bytes]) {
  socket.send(message);
  const { data } = await next(socket, 'message');
  if (typeof message === 'string') assert.equal(data, message);
  else assert.deepEqual(new Uint8Array(data), message);
}
socket.close(4000, 'done');
const { code, reason, wasClean } = await next(socket, 'close');
assert.deepEqual({ code, reason, wasClean }, { code: 4000, reason: 'done', wasClean: true });
await serving.close({ deadline: 1_000 });
console.log(`works on ${process.platform} ${process.arch}`);
process.exit(0);

// Serves the chat with the command, and has two clients from elsewhere talk in it. Run in a
// terminal, it leaves it running until Ctrl-C. Needs the package ws; NODE_PACKAGES says where.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(path.join(process.env.NODE_PACKAGES ?? root, 'package.json'));
const WebSocket = require('ws');

const project = path.join(root, 'examples/chat/wrangler.jsonc');
const options = ['--port', process.env.PORT ?? '0', '--state', 'memory', '--hibernate-after', '300ms'];
const server = spawn(process.execPath, [path.join(root, 'dist/cli.js'), '--config', project, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
const ended = once(server, 'exit');
const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
const url = /http\S+/.exec(line)?.[0];
if (url === undefined) throw new Error('the Worker is not served');

/** A client that prints what it does and gets, and waits for the latter. */
function client(name, address) {
  const say = (arrow, what) => console.log(`${name.padEnd(5)} ${arrow} ${what}`);
  const socket = new WebSocket(address.replace('http', 'ws'));
  const got = [];
  socket.on('message', (data, binary) => {
    const text = binary ? `binary ${data.toString('hex')}` : String(data);
    got.push(text);
    say('←', text);
    socket.emit('got');
  });
  const expect = async (wanted) => {
    while (!got.some((text) => text.includes(wanted))) await once(socket, 'got', { signal: AbortSignal.timeout(5_000) });
  };
  const send = (data) => {
    say('→', typeof data === 'string' ? data : `binary ${data.toString('hex')}`);
    socket.send(data);
  };
  const close = async (code, reason) => {
    say('→', `close ${code} "${reason}"`);
    socket.close(code, reason);
    const [gotCode, gotReason] = await once(socket, 'close');
    say('←', `close ${gotCode} "${gotReason}"`);
    if (gotCode !== code) throw new Error(`that should have been ${code}`);
  };
  return once(socket, 'open').then(() => {
    say('→', `connected to ${address}`);
    return { send, expect, close };
  });
}

const echo = await client('echo', `${url}echo`);
for (const data of ['hello', 'grüße, 世界']) {
  echo.send(data);
  await echo.expect(data);
}
await echo.close(4000, 'that was all');

const ada = await client('ada', `${url}chat?name=ada`);
await ada.expect('"joined","name":"ada"');
ada.send('is anybody there?');
await ada.expect('is anybody there?');
console.log('      the room, a Durable Object, falls asleep');
await new Promise((resolve) => setTimeout(resolve, 1_000));
const bob = await client('bob', `${url}chat?name=bob`);
await bob.expect('is anybody there?');
await ada.expect('"joined","name":"bob"');
ada.send('hello, bob');
await bob.expect('hello, bob');
bob.send('hello, ada');
await ada.expect('hello, ada');
await bob.close(1000, 'bye');
await ada.expect('"left","name":"bob"');
await ada.close(1000, 'bye');

console.log(`\nthe chat is at ${url}`);
if (process.stdin.isTTY && process.stdout.isTTY) {
  console.log('Open it in a browser, twice, and end it with Ctrl-C.');
  process.on('SIGINT', () => {});
} else {
  server.kill('SIGINT');
}
const [code] = await ended;
process.exit(code ?? 1);

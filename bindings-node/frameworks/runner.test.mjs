// What a Worker's tests do, in whichever runner: see frameworks.test.mjs. `test`, `expect` and the fake
// timers are the runner's.
import 'wspair/register';
import { env, waitUntil, WorkerEntrypoint } from 'cloudflare:workers';
import { serve } from 'wspair';
import worker, { Greeter } from './worker.mjs';

const fakes = globalThis.vi ?? import.meta.jest;

const once = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

async function connected() {
  const response = await worker.fetch(new Request('http://example.org/', { headers: { Upgrade: 'websocket' } }));
  response.webSocket.accept();
  return { response, socket: response.webSocket };
}

afterEach(() => {
  fakes.useRealTimers();
});

test('a Worker answers with a socket', async () => {
  const { response, socket } = await connected();
  expect(response).toBeInstanceOf(Response);
  expect([response.status, response.ok, response.body]).toEqual([101, false, null]);
  expect(response.headers.get('x-name')).toBe('none');
  const answer = once(socket, 'message');
  socket.send('hello');
  expect((await answer).data).toBe('hello');
  const plain = await worker.fetch(new Request('http://example.org/'));
  expect([plain.status, plain.webSocket, await plain.text()]).toEqual([426, null, 'a WebSocket, please']);
});

test('binary messages are of the classes that the test sees', async () => {
  const [sender, receiver] = Object.values(new WebSocketPair());
  sender.accept();
  receiver.accept();
  for (const [type, Class] of [['blob', Blob], ['arraybuffer', ArrayBuffer]]) {
    receiver.binaryType = type;
    const received = once(receiver, 'message');
    sender.send(new Uint8Array([1, 2]));
    const { data } = await received;
    expect(data).toBeInstanceOf(Class);
    expect(data.size ?? data.byteLength).toBe(2);
  }
});

test('mistakes are the classes that the test sees', async () => {
  const { socket } = await connected();
  expect(() => socket.close(1)).toThrow('Invalid WebSocket close code: 1.');
  expect(() => socket.send(Symbol('s'))).toThrow(TypeError);
  try {
    socket.close(1);
  } catch (error) {
    expect(error).toBeInstanceOf(DOMException);
  }
  expect(() => socket.serializeAttachment(new Headers())).toThrow('Could not serialize object of type "Headers"');
});

test('a signal of the environment removes a listener', async () => {
  const { socket } = await connected();
  const controller = new AbortController();
  let heard = 0;
  socket.addEventListener('message', () => heard++, { signal: controller.signal });
  controller.abort();
  const answer = once(socket, 'message');
  socket.send('x');
  await answer;
  expect(heard).toBe(0);
});

test('fake timers hold up the Worker’s timers, and no event', async () => {
  fakes.useFakeTimers();
  const { socket } = await connected();
  const answer = once(socket, 'message');
  socket.send('hello');
  expect((await answer).data).toBe('hello');

  const late = once(socket, 'message');
  socket.send('later');
  socket.send('first');
  expect((await late).data).toBe('first');
  const last = once(socket, 'message');
  await fakes.advanceTimersByTimeAsync(60_000);
  expect((await last).data).toBe('now');
  socket.close(1000, 'bye');
  expect((await once(socket, 'close')).reason).toBe('bye');
});

test('fake timers hold up no connection', async () => {
  fakes.useFakeTimers();
  const serving = await serve(worker, { port: 0, env: { NAME: 'served' } });
  const socket = new WebSocket(serving.url.replace('http', 'ws'));
  await once(socket, 'open');
  const answer = once(socket, 'message');
  socket.send('over the network');
  expect((await answer).data).toBe('over the network');
  const closed = once(socket, 'close');
  await serving.close({ deadline: 5_000 });
  expect((await closed).code).toBe(1001);
});

test('cloudflare:workers is there', async () => {
  expect(new Greeter({}, { NAME: 'you' }).greet()).toBe('hello, you');
  expect(Object.getPrototypeOf(Greeter)).toBe(WorkerEntrypoint);
  expect(typeof env).toBe('object');
  expect(waitUntil(Promise.resolve())).toBe(undefined);
});

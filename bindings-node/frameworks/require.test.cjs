// The same from CommonJS, as Jest has it unless it is told otherwise.
require('wspair/register');
const { WorkerEntrypoint } = require('cloudflare:workers');

const once = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

afterEach(() => {
  jest.useRealTimers();
});

function accepted() {
  const ends = Object.values(new WebSocketPair());
  for (const end of ends) end.accept();
  return ends;
}

test('a pair and a response', async () => {
  const [client, server] = accepted();
  const received = once(server, 'message');
  client.send('hello');
  expect((await received).data).toBe('hello');
  const response = new Response(null, { status: 101, webSocket: client });
  expect([response.status, response.webSocket, response instanceof Response]).toEqual([101, client, true]);
});

test('fake timers hold up no event', async () => {
  jest.useFakeTimers();
  const [client, server] = accepted();
  const received = once(server, 'message');
  client.send('hello');
  expect((await received).data).toBe('hello');
});

test('legacy fake timers neither', async () => {
  jest.useFakeTimers({ legacyFakeTimers: true });
  const [client, server] = accepted();
  const closed = once(server, 'close');
  client.close(3000, 'bye');
  expect((await closed).reason).toBe('bye');
});

test('cloudflare:workers is there', () => {
  class Mine extends WorkerEntrypoint {}
  expect(Object.keys(new Mine({}, {}))).toEqual(['ctx', 'env']);
});

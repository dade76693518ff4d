// What a Worker in TypeScript writes has to compile, and nothing of it may be `any`.
import { CloseEvent, forCompatibilityDate, type MessageEvent, Response, WebSocket, WebSocketPair } from 'wspair';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>() => {};

const ends = Object.values(new WebSocketPair());
is<Equal<typeof ends, [WebSocket, WebSocket]>>();

const [client, server] = Object.values(new WebSocketPair());
is<Equal<typeof client, WebSocket>>();
is<Equal<typeof server, WebSocket>>();

const { 0: first, 1: second } = new WebSocketPair();
is<Equal<typeof first, WebSocket>>();
is<Equal<typeof second, WebSocket>>();

const [head] = new WebSocketPair();
is<Equal<typeof head, WebSocket>>();

const pair: WebSocketPair = new WebSocketPair();
is<Equal<(typeof pair)[0], WebSocket>>();
// @ts-expect-error the slots are read-only
pair[0] = second;
// @ts-expect-error there is no third
pair[2];

server.accept();
server.accept({ allowHalfOpen: true });
server.addEventListener('message', (event) => {
  is<Equal<typeof event, MessageEvent<string | ArrayBuffer | Blob>>>();
  is<Equal<typeof event.data, string | ArrayBuffer | Blob>>();
});
server.addEventListener('close', ({ code, reason, wasClean }) => {
  is<Equal<[typeof code, typeof reason, typeof wasClean], [number, string, boolean]>>();
});
server.addEventListener('error', { handleEvent: (event) => void event.message }, { once: true });
server.addEventListener('message', async function (event: MessageEvent) {
  this.send(await event.data);
});
server.addEventListener('open', null);
server.onclose = (event) => event.code;
server.send('text');
server.send(new Uint8Array(1));
server.send(new ArrayBuffer(1));
server.close(1000, 'bye');
is<Equal<typeof server.readyState, 0 | 1 | 2 | 3>>();
is<Equal<typeof WebSocket.OPEN, 1>>();
server.binaryType = 'arraybuffer';
// @ts-expect-error no such type
server.binaryType = 'nodebuffer';

const response = new Response(null, { status: 101, webSocket: client, headers: { 'x-extra': '1' } });
is<Equal<typeof response.webSocket, WebSocket | null>>();
// It goes where a global one is asked for, as in `export default { fetch(request): Response }`.
const plain: globalThis.Response = response;
void plain;

const old = forCompatibilityDate('2023-01-01', ['pedantic_wpt']);
const [a] = Object.values(new old.WebSocketPair());
is<Equal<typeof a, WebSocket>>();
is<Equal<typeof CloseEvent.prototype, CloseEvent>>();

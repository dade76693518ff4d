// A Worker in TypeScript that knows `wspair/register` and nothing else of the package, under whichever
// declarations of the web there are. Nothing of it may be `any`.
import 'wspair/register';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>() => {};

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a WebSocket, please', { status: 426 });
    const pair = new WebSocketPair();
    const { 0: client, 1: server } = pair;
    // @ts-expect-error there is no third
    pair[2];
    server.accept();
    server.addEventListener('message', ({ data }) => server.send(data as string));
    server.addEventListener('close', ({ code, reason, wasClean }) => {
      is<Equal<[typeof code, typeof reason, typeof wasClean], [number, string, boolean]>>();
    });
    server.serializeAttachment({ name: 'a' });
    // @ts-expect-error no such method
    server.nothing();
    return new Response(null, { status: 101, webSocket: client });
  },
};

export function accept(response: Response): void {
  const { webSocket } = response;
  // @ts-expect-error it may be null
  webSocket.accept();
  webSocket?.accept();
}

const [first, second] = Object.values(new WebSocketPair());
first?.send('hello');
export const init: ResponseInit = { status: 101, webSocket: second! };

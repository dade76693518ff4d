// An echo over HTTP/2 by serve: without TLS, or with it and then over HTTP/1.1 too.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Response, serve, WebSocketPair } from '../../../bindings-node/dist/index.mjs';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    origin: { type: 'string', multiple: true },
    subprotocol: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    page: { type: 'string' },
    'http1': { type: 'boolean', default: false },
    'max-message': { type: 'string', default: `${1 << 20}` },
    'max-fragments': { type: 'string', default: '16384' },
  },
});
const tls = values.cert && { cert: readFileSync(values.cert), key: readFileSync(values.key) };

function fetch(request) {
  if (request.headers.get('upgrade') !== 'websocket') return ordinary(request);
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.binaryType = 'arraybuffer';
  server.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' && data.startsWith('close ')) server.close(Number(data.slice(6)), 'as asked');
    else server.send(data);
  });
  const offered = request.headers.get('sec-websocket-protocol')?.split(/, */) ?? [];
  const headers = offered.includes(values.subprotocol) ? { 'sec-websocket-protocol': values.subprotocol } : {};
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** The page of the browsers' test, and what it has to say. */
async function ordinary(request) {
  if (values.page === undefined) return new Response('not found', { status: 404 });
  if (request.method === 'POST') {
    console.log(`result ${await request.text()}`);
    return new Response('thanks');
  }
  return new Response(readFileSync(values.page), { headers: { 'content-type': 'text/html' } });
}

const serving = await serve({ fetch }, {
  host: values.host,
  port: Number(values.port),
  limits: { maxMessage: Number(values['max-message']), maxFragments: Number(values['max-fragments']) },
  ...(values.origin && { origins: values.origin }),
  ...(tls ? { tls, http2: !values.http1 } : { http2: values.http1 ? false : 'cleartext' }),
});
console.log(`listening on ${serving.url.replace('http', 'ws')}`);
/** Those that carry WebSockets: a browser has others, for what goes without credentials. */
const sessions = new Set();
serving.server.on('stream', ({ session }, headers) => {
  if (headers[':protocol'] === undefined || sessions.has(session)) return;
  sessions.add(session);
  console.log(`sessions ${sessions.size}`);
});
const leave = () => serving.close({ deadline: 5_000 });
process.once('SIGTERM', leave);
process.once('SIGINT', leave);

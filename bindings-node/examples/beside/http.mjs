// A Worker's WebSockets beside the pages of node:http.
import 'wspair/register';
import http from 'node:http';
import { upgrader } from 'wspair';
import worker from './worker.mjs';

const server = http.createServer((request, response) => response.end('a page of node:http\n'));
const sockets = upgrader(worker, { env: { NAME: 'beside node:http' }, limits: { pingAfter: 30_000 } });
server.on('upgrade', sockets.handle);
server.listen(Number(process.env.PORT ?? 8787), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));

process.on('SIGTERM', async () => {
  await sockets.close({ deadline: 3_000 });
  server.close();
});

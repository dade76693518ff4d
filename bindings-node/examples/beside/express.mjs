// A Worker's WebSockets beside the routes of Express.
import 'wspair/register';
import http from 'node:http';
import express from 'express';
import { upgrader } from 'wspair';
import worker from './worker.mjs';

const app = express();
app.get('/', (request, response) => response.send(`${sockets.size} WebSockets beside Express\n`));

const server = http.createServer(app);
const sockets = upgrader(worker, { env: { NAME: 'beside Express' }, limits: { pingAfter: 30_000 } });
server.on('upgrade', sockets.handle);
server.listen(Number(process.env.PORT ?? 8787), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));

process.on('SIGTERM', async () => {
  await sockets.close({ deadline: 3_000 });
  server.close();
});

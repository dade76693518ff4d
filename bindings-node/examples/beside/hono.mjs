// A Hono app under its own server for Node: pages and WebSockets are routes of one app.
import 'wspair/register';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { upgradeWebSocket } from 'hono/cloudflare-workers';
import { upgrader } from 'wspair';

const app = new Hono();
app.get('/', (c) => c.text(`${sockets.size} WebSockets of Hono\n`));
app.get('/*', upgradeWebSocket((c) => ({ onMessage: (event, ws) => ws.send(`${c.env.NAME}: ${event.data}`) })));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8787), hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}/`),
);
const sockets = upgrader(app, { env: { NAME: 'of Hono' }, limits: { pingAfter: 30_000 } });
server.on('upgrade', sockets.handle);

process.on('SIGTERM', async () => {
  await sockets.close({ deadline: 3_000 });
  server.close();
});

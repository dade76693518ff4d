// A Worker's WebSockets beside the routes of Fastify.
import 'wspair/register';
import fastify from 'fastify';
import { upgrader } from 'wspair';
import worker from './worker.mjs';

const app = fastify();
app.get('/', () => `${sockets.size} WebSockets beside Fastify\n`);

const sockets = upgrader(worker, { env: { NAME: 'beside Fastify' }, limits: { pingAfter: 30_000 } });
app.server.on('upgrade', sockets.handle);
app.addHook('preClose', () => sockets.close({ deadline: 3_000 }));
console.log(`${await app.listen({ port: Number(process.env.PORT ?? 8787), host: '127.0.0.1' })}/`);

process.on('SIGTERM', () => app.close());

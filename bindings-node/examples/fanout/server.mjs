// One of many processes that serve the same room: what a client says reaches the clients of all of
// them, over Redis. A message is framed once in each process, not once for each client.
//
//     REDIS=redis://127.0.0.1:6379 PORT=8787 node examples/fanout/server.mjs
import { createClient } from 'redis';
import { broadcast, serve } from 'wspair';
import { worker } from './worker.mjs';

const CHANNEL = 'room';

// An address, or a socket's path.
const where = process.env.REDIS ?? 'redis://127.0.0.1:6379';
const options = where.startsWith('/') ? { socket: { path: where } } : { url: where };

const publisher = createClient(options).on('error', (error) => console.error(`Redis: ${error.message}`));
const subscriber = publisher.duplicate().on('error', () => {}); // the same, told above
await Promise.all([publisher.connect(), subscriber.connect()]);

const env = { say: (text) => publisher.publish(CHANNEL, text) };
const serving = await serve(worker, { port: Number(process.env.PORT ?? 0), limits: { pingAfter: 30_000 }, env });

await subscriber.subscribe(CHANNEL, (text) => {
  // Who does not read, and would fill this process's memory, has to connect again.
  for (const slow of broadcast(serving.sockets, text)) slow.terminate();
});
console.log(`listening on ${serving.url}`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await serving.close({ deadline: 2_000 });
    subscriber.destroy();
    publisher.destroy();
  });
}

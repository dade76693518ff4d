// A Worker under `serve`, or under `upgrade` beside Express.
//
//     serve.mjs serve|upgrade OPTIONS
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { listenToDriver, options, tell } from './speak.mjs';
import worker from './worker.mjs';

const { serve, upgrade, upgrader } = await import(process.env.WSPAIR);

const { handshake_within: within, close_within, ping_after, pong_within, max_message, deflate = false, origin, tls } = options;
const ms = (seconds) => (seconds == null ? undefined : seconds * 1000);
const limits = Object.fromEntries(
  Object.entries({ closeWithin: ms(close_within), pingAfter: ms(ping_after), pongWithin: ms(pong_within), maxMessage: max_message })
    .filter(([, value]) => value !== undefined),
);
const common = { limits, deflate, ...(origin && { origins: [origin] }) };

async function close(deadline, how) {
  const began = performance.now();
  await how(deadline * 1000);
  tell('server-closed', null, { after: (performance.now() - began) / 1000 });
}

if (process.argv[2] === 'serve') {
  const keys = tls && { key: readFileSync(tls.key), cert: readFileSync(tls.cert) };
  const serving = await serve(worker, { port: 0, ...common, ...(keys && { tls: keys }), ...(within && { headTimeout: ms(within) }) });
  listenToDriver({ close: (seconds) => close(seconds, (deadline) => serving.close({ deadline })) });
  console.log(`listening on ws://127.0.0.1:${serving.port}/`);
} else {
  const express = createRequire(process.env.WSPAIR)('express');
  const app = express();
  app.post('/length', (request, response) => {
    let length = 0;
    request.on('data', (data) => (length += data.length));
    request.on('end', () => response.send(`${length}\n`));
  });
  const server = http.createServer(app);
  // The object form, where there is one, can end what it accepted.
  const sockets = upgrader?.(worker, common);
  server.on('upgrade', (request, socket, head) =>
    sockets ? sockets.handle(request, socket, head) : upgrade(request, socket, head, worker.fetch, common),
  );
  server.listen(0, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
  listenToDriver({
    close: (seconds) =>
      close(seconds, async (deadline) => {
        server.close();
        await sockets?.close({ deadline });
        server.closeAllConnections();
      }),
  });
}

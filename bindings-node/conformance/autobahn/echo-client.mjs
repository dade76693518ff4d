// An echo client: new WebSocket. Runs all cases of the suite's fuzzing server.
import { WebSocket } from 'wspair';
import { agent, deflate, limits, url } from './options.mjs';

// Echoes until the connection ends; the first text that came.
async function echo(path) {
  const socket = new WebSocket(url + path, undefined, { ...limits, deflate });
  socket.binaryType = 'arraybuffer';
  let first;
  socket.addEventListener('message', (event) => {
    first ??= event.data;
    socket.send(event.data);
  });
  // As in the runtime an end that fails has an error event, and no close event.
  await new Promise((resolve) => {
    for (const type of ['close', 'error']) socket.addEventListener(type, resolve);
  });
  return first;
}

const count = Number(await echo('/getCaseCount'));
for (let number = 1; number <= count; number++) await echo(`/runCase?case=${number}&agent=${agent}`);
await echo(`/updateReports?agent=${agent}`);

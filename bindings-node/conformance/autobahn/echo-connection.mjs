// An echo server: Connection and ServerHandshake over node:net.
import net from 'node:net';
import { Connection, ConnectionConfig, ServerHandshake } from 'wspair';
import { deflate, headLimits, host, limits, port } from './options.mjs';

const config = new ConnectionConfig(limits);

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const handshake = new ServerHandshake(headLimits);
  let connection;
  let timer;

  function open(bytes) {
    const used = handshake.receive(bytes);
    const { progress } = handshake;
    if (progress.state === 'more') return;
    if (progress.state === 'refused') return void socket.end(progress.response);
    const answer = handshake.accept({ deflate });
    socket.write(answer.response);
    connection = new Connection('server', config, answer.negotiated);
    act(connection.receive(bytes.subarray(used)));
  }

  function act(events) {
    for (const { type, data } of events) {
      if (type === 'text') connection.sendText(data);
      else if (type === 'binary') connection.sendBinary(data);
    }
    socket.cork();
    let took = true;
    for (const part of connection.flushv()) took = socket.write(part);
    socket.uncork();
    if (!took) socket.pause();
    switch (connection.transportState) {
      case 'finish-writing':
        socket.end();
        socket.resume();
        break;
      case 'close':
        socket.destroySoon();
    }
    clearTimeout(timer);
    const due = connection.nextTimeout;
    const tick = () => act(connection.handleTimeout(performance.now()));
    if (due !== null && !socket.destroyed) timer = setTimeout(tick, Math.ceil(due - performance.now()));
  }

  socket.on('data', (bytes) => (connection ? act(connection.receive(bytes)) : open(bytes)));
  socket.on('drain', () => socket.resume());
  socket.on('end', () => (connection ? act(connection.receiveEof()) : socket.end()));
  socket.on('error', () => {});
  socket.on('close', () => clearTimeout(timer));
});
server.listen(port, host, () => console.log(`listening on ws://${host}:${server.address().port}/`));

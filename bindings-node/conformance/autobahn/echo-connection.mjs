// An echo server: Connection and ServerHandshake over node:net.
import net from 'node:net';
import { Connection, ConnectionConfig, ServerHandshake } from 'wspair';
import { deflate, headLimits, host, limits, origins, port, subprotocol } from './options.mjs';

// A peer that does not read is not read from: that bounds what waits.
const config = new ConnectionConfig({ ...limits, maxOutgoing: Infinity });

// How long a peer has to take what was written last, and what it may still be sending.
const LINGER = 1_000;
const QUIET = 20;

function serve(socket) {
  const handshake = new ServerHandshake(headLimits);
  let connection;
  let timer;
  let isOver = false;

  function open(rest) {
    // Told after every read: the deadline is for the whole request.
    handshake.handleTimeout(performance.now());
    const { progress } = handshake;
    if (progress.state === 'more') return wake(handshake.nextTimeout);
    if (progress.state === 'refused') return end(progress.response, LINGER);
    const chosen = progress.request.subprotocols.includes(subprotocol) ? subprotocol : undefined;
    const answer = handshake.accept({ deflate, origins, subprotocol: chosen });
    if (!answer.accepted) return end(answer.response, LINGER);
    socket.write(answer.response);
    connection = new Connection('server', config, answer.negotiated);
    act(connection.receive(rest));
  }

  function act(events) {
    echo(events);
    echo(connection.handleTimeout(performance.now()));
    const isFlushed = flush();
    const { transportState } = connection;
    if (transportState === 'close') return end('', QUIET);
    if (transportState === 'finish-writing' && isFlushed) socket.end();
    wake(connection.nextTimeout);
  }

  function echo(events) {
    for (const { type, data } of events) {
      try {
        if (type === 'text') connection.sendText(data);
        else if (type === 'binary') connection.sendBinary(data);
      } catch (error) {
        if (error.code !== 'CLOSING') throw error; // it ended in the same read
      }
    }
  }

  // What the socket does not take stays with the engine, which knows then that it has not left.
  function flush() {
    if (socket.writableNeedDrain) return false;
    socket.cork();
    for (const part of connection.flushv()) socket.write(part);
    socket.uncork();
    if (socket.writableNeedDrain) socket.pause();
    return true;
  }

  function wake(due) {
    clearTimeout(timer);
    if (due !== null) timer = setTimeout(tick, Math.max(0, Math.ceil(due - performance.now())));
  }

  // The immediate runs after reading: what the socket holds is no silence.
  function tick() {
    setImmediate(() => {
      if (!isOver) connection ? act([]) : open();
    });
  }

  // Ends with the last bytes written. Dropped with unread input, the socket would be reset and these
  // could be lost: what comes is read, until the peer ends too or for so long.
  function end(last, linger) {
    if (isOver) return;
    isOver = true;
    socket.resume();
    const drop = (after) => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), after);
    };
    drop(LINGER);
    if (socket.writableEnded) drop(linger);
    else socket.end(last, () => drop(linger));
  }

  socket.on('data', (bytes) => {
    if (isOver) return;
    if (connection) return act(connection.receive(bytes));
    const used = handshake.receive(bytes);
    open(bytes.subarray(used));
  });
  socket.on('drain', () => {
    socket.resume();
    if (connection && !isOver) act([]);
  });
  socket.on('end', () => {
    if (isOver) return socket.destroySoon();
    if (connection) return act(connection.receiveEof());
    handshake.receiveEof();
    open();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isOver = true;
    clearTimeout(timer);
  });
  wake(handshake.nextTimeout);
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, serve);
server.listen(port, host, () => console.log(`listening on ws://${host}:${server.address().port}/`));

// An echo server for the loopback benchmark, by name: ws, serve or connection.
import net from 'node:net';
import * as wspair from '../dist/index.js';
import { WebSocketServer } from 'ws';

const hosts = {
  ws(told) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => told(server.address().port));
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  },
  async serve(told) {
    const worker = {
      fetch() {
        const [client, server] = Object.values(new wspair.WebSocketPair());
        server.accept();
        server.addEventListener('message', (event) => server.send(event.data));
        return new wspair.Response(null, { status: 101, webSocket: client });
      },
    };
    told((await wspair.serve(worker, { port: 0, deflate: false })).port);
  },
  connection(told) {
    const server = net.createServer({ noDelay: true }, (socket) => {
      const handshake = new wspair.ServerHandshake();
      let connection;
      socket.on('data', (bytes) => {
        if (connection === undefined) {
          handshake.receive(bytes);
          socket.write(handshake.accept().response);
          connection = new wspair.Connection('server');
          return;
        }
        for (const event of connection.receive(bytes)) {
          if (event.type === 'text') connection.sendText(event.data);
          else if (event.type === 'binary') connection.sendBinary(event.data);
        }
        socket.write(connection.flush());
      });
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => told(server.address().port));
  },
};
await hosts[process.argv[2]]((port) => (process.send ? process.send(port) : console.log(port)));

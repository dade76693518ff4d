// server.mjs [CODE REASON]
//
// An echo server of the package ws. Prints its URL, and how each connection ended. With a code it
// closes after its first echo.

import { createRequire } from "node:module";

const [code, reason] = process.argv.slice(2);
const packages = createRequire(`${process.env.NODE_PACKAGES}/`);
const { WebSocket, WebSocketServer } = packages("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}/`));
server.on("connection", (socket) => {
  socket.on("message", (data, binary) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary });
    if (code) socket.close(Number(code), reason);
  });
  socket.on("error", () => {});
  socket.on("close", (code, reason) => console.log(`closed: ${code} ${reason}`.trim()));
});

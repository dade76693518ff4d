// server.mjs [--deflate] [CODE REASON]
//
// An echo server of the package ws. Prints its URL, and how each connection ended; with --deflate
// first what was agreed on. With a code it closes after its first echo.

import { createRequire } from "node:module";

const deflate = process.argv.includes("--deflate");
const [code, reason] = process.argv.slice(deflate ? 3 : 2);
const packages = createRequire(`${process.env.NODE_PACKAGES}/`);
const { WebSocket, WebSocketServer } = packages("ws");

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: deflate && { threshold: 0 },
});
server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}/`));
server.on("connection", (socket) => {
  if (deflate) console.log(`agreed: ${socket.extensions}`);
  socket.on("message", (data, binary) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary });
    if (code) socket.close(Number(code), reason);
  });
  socket.on("error", () => {});
  socket.on("close", (code, reason) => console.log(`closed: ${code} ${reason}`.trim()));
});

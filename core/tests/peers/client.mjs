// client.mjs ws|node URL [SUBPROTOCOL...]
//
// Connects with the package ws or with Node's own WebSocket, takes the steps on stdin, each when
// the one before was answered, and prints what it sees, one JSON object a line.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [peer, url, ...protocols] = process.argv.slice(2);
const steps = JSON.parse(readFileSync(0, "utf8"));
const packages = createRequire(`${process.env.NODE_PACKAGES}/`);
const Socket = peer === "ws" ? packages("ws").WebSocket : globalThis.WebSocket;

const see = (what) => console.log(JSON.stringify(what));

const take = {
  text: (text) => socket.send(text),
  binary: (hex) => socket.send(Buffer.from(hex, "hex")),
  fragments: (parts) =>
    parts.forEach((part, at) => socket.send(part, { fin: at === parts.length - 1 })),
  ping: (text) => socket.ping(text),
  close: ([code, reason]) => socket.close(code, reason),
};

function next() {
  const step = steps.shift();
  if (step === undefined) return;
  const [[verb, what]] = Object.entries(step);
  take[verb](what);
}

const socket = new Socket(url, protocols);
socket.binaryType = "arraybuffer";
socket.addEventListener("open", () => {
  see({ open: socket.protocol });
  next();
});
socket.addEventListener("message", ({ data }) => {
  see(typeof data === "string" ? { text: data } : { binary: Buffer.from(data).toString("hex") });
  next();
});
socket.addEventListener("error", ({ message }) => see({ error: message }));
socket.addEventListener("close", ({ code, reason, wasClean }) =>
  see({ close: [code, reason, wasClean] }),
);
if (peer === "ws") {
  socket.on("pong", (payload) => {
    see({ pong: payload.toString() });
    next();
  });
}

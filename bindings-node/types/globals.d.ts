/// <reference path="./pair.d.ts" />

// Not declared but imported: who has the types of the runtime has it already, as a constant, of
// which there can be one only.
// @ts-ignore Theirs counts.
import WebSocketPair = WspairGlobals.WebSocketPair;

interface Response {
  webSocket: WspairGlobals.Socket | null;
}

interface ResponseInit {
  /** The end that the client gets, with status 101. */
  webSocket?: WspairGlobals.Socket | null;
}

/** What `import 'wspair/register'` puts where Workers have it. */

/// <reference path="./globals.d.ts" />

// Without a library of the web, the types of Node take theirs from here.
// @ts-ignore Where it is missing, nobody does.
declare module 'undici-types/fetch' {
  interface Response {
    webSocket: WspairGlobals.Socket | null;
  }
  interface ResponseInit {
    webSocket?: WspairGlobals.Socket | null;
  }
}

export {};

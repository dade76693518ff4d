/** `WebSocket`: arguments in, in the runtime's order, and out to the end. */

// The global of that name is found by a call each time.
import { Buffer } from 'node:buffer';
import { copyBytes, toInt32, toMessageText, toText } from './convert';
import { End, type Shell } from './end';
import { illegalInvocation, wrongArgument, wrongConstructorArgument } from './errors';
import { constants, expose } from './expose';
import type * as dom from './types';

export interface Sockets {
  WebSocket: dom.WebSocketConstructor;
  /** Makes the object for an end. */
  face(end: End): dom.WebSocket;
}

/** The end behind a `WebSocket` of any compatibility date; undefined for any other value. */
export function endOf(value: unknown): End | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const reach of reaches) {
    const end = reach(value);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** The object for an end that has none. */
export function faceOf(end: End): dom.WebSocket {
  return faces.get(end.shell)!(end);
}

const faces = new WeakMap<Shell, (end: End) => dom.WebSocket>();

// One for each set of classes, as a private field is seen by its own class only.
const reaches: ((socket: object) => End | undefined)[] = [];

/** Makes the end of a client that is going to connect. Throws for arguments that it cannot take. */
export type Connect = (shell: Shell, url: string, protocols: unknown, options?: object) => End;

export function defineWebSocket(shell: Shell, connect: Connect): Sockets {
  const { compat } = shell;
  const tagged = compat.has('set_tostring_tag');

  class WebSocket extends shell.targets.Implementation {
    readonly #end: End;

    static {
      reaches.push((socket) => (#end in socket ? socket.#end : undefined));
    }

    constructor(url: string | URL | End, protocols?: string | string[], options?: object) {
      if (arguments.length === 0) throw wrongConstructorArgument('WebSocket', 1, 'string');
      super();
      this.#end = url instanceof End ? url : connect(shell, toMessageText(toText(url)), protocols, options);
      this.#end.socket = this as unknown as dom.WebSocket;
      if (ownProperties !== undefined) Object.defineProperties(this, ownProperties);
    }

    static end(socket: WebSocket): End {
      if (typeof socket !== 'object' || socket === null || !(#end in socket)) throw illegalInvocation();
      return socket.#end;
    }

    accept(options?: unknown): void {
      const end = WebSocket.end(this);
      const takes = options === undefined || typeof options === 'object' || typeof options === 'function';
      if (!takes) throw wrongArgument('accept', 'WebSocket', 1, 'AcceptOptions');
      const halfOpen = (options as dom.AcceptOptions | null | undefined)?.allowHalfOpen;
      end.accept(halfOpen === undefined ? undefined : Boolean(halfOpen));
    }

    send(message: unknown): void {
      const end = WebSocket.end(this);
      if (typeof message === 'string') return sendText(end, message);
      if (arguments.length === 0) {
        throw wrongArgument('send', 'WebSocket', 1, 'ArrayBuffer or ArrayBufferView or string');
      }
      const bytes = copyBytes(message);
      if (bytes !== undefined) end.send(bytes, bytes.byteLength);
      // A class of the host, which there has no tag either.
      else if (!tagged && message instanceof Blob) sendText(end, '[object Object]');
      else sendText(end, toText(message));
    }

    close(code?: unknown, reason?: unknown): void {
      const end = WebSocket.end(this);
      const number = code === undefined ? undefined : toInt32(code);
      const text = reason === undefined ? undefined : toText(reason).toWellFormed();
      end.close(number, text);
    }

    serializeAttachment(value: unknown): void {
      const end = WebSocket.end(this);
      if (arguments.length === 0) throw wrongArgument('serializeAttachment', 'WebSocket', 1, 'Value');
      end.serializeAttachment(value);
    }

    deserializeAttachment(): unknown {
      return WebSocket.end(this).deserializeAttachment();
    }

    get readyState() {
      return WebSocket.end(this).readyState;
    }
    get bufferedAmount() {
      return WebSocket.end(this).bufferedAmount;
    }
    get url() {
      return WebSocket.end(this).url;
    }
    get protocol() {
      return WebSocket.end(this).protocol;
    }
    get extensions() {
      return WebSocket.end(this).extensions;
    }
    get binaryType() {
      return WebSocket.end(this).binaryType;
    }
    set binaryType(value: unknown) {
      const end = WebSocket.end(this);
      const type = toText(value);
      if (type === 'blob' || type === 'arraybuffer') end.binaryType = type;
    }
  }

  const face = expose<dom.WebSocketConstructor>(WebSocket, compat, properties);
  constants(face, {
    READY_STATE_CONNECTING: 0,
    CONNECTING: 0,
    READY_STATE_OPEN: 1,
    OPEN: 1,
    READY_STATE_CLOSING: 2,
    CLOSING: 2,
    READY_STATE_CLOSED: 3,
    CLOSED: 3,
  });
  const ownProperties = compat.has('workers_api_getters_setters_on_prototype')
    ? undefined
    : removeProperties(WebSocket.prototype);
  const make = (end: End) => new WebSocket(end) as unknown as dom.WebSocket;
  faces.set(shell, make);
  return { WebSocket: face, face: make };
}

const properties = ['readyState', 'bufferedAmount', 'url', 'protocol', 'extensions', 'binaryType'];

/** Takes them from the prototype, in the order in which an end shows them as its own. */
function removeProperties(prototype: Record<string, any>): PropertyDescriptorMap {
  const removed: PropertyDescriptorMap = {};
  for (const key of [...properties].reverse()) {
    removed[key] = Object.getOwnPropertyDescriptor(prototype, key)!;
    delete prototype[key];
  }
  return removed;
}

function sendText(end: End, text: string): void {
  end.send(toMessageText(text), Buffer.byteLength(text));
}

/** What becomes of the platform's own objects in a call: some are carried, others say that they cannot be. */

import { unserializable } from '../web/attachment';

/** What stands on the other side for one of them; undefined for any other object. Throws for what is not carried. */
export function carriedPlatform(value: object): object | undefined {
  const { AbortSignal, Blob, Headers, ReadableStream, Request, Response, WritableStream } = globalThis;
  if (value instanceof AbortSignal) throw new DOMException('AbortSignal serialization is not enabled.', 'DataCloneError');
  if (value instanceof Headers) return new Headers(value);
  if (value instanceof ReadableStream) return carriedStream(value);
  // These belong to who gave them no more than to who gets them.
  if (value instanceof WritableStream || value instanceof Blob) return value;
  if (!(value instanceof Request || value instanceof Response)) return undefined;
  const { webSocket } = value as { webSocket?: object | null };
  if (webSocket !== undefined && webSocket !== null) throw unserializable(webSocket);
  if (value.bodyUsed || value.body?.locked === true) throw locked();
  return value;
}

/** The bytes of a stream, which from now on only this one reads. */
function carriedStream(stream: ReadableStream): ReadableStream {
  if (stream.locked) throw locked();
  const reader: { read(): Promise<{ done: boolean; value?: unknown }>; cancel(reason: unknown): Promise<void> } = stream.getReader();
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      let bytes: Uint8Array | undefined;
      try {
        do {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            // Who reads into memory of its own waits for an answer, too.
            controller.byobRequest?.respond(0);
            return;
          }
          bytes = bytesOf(value);
        } while (bytes.length === 0);
      } catch {
        reader.cancel(undefined).catch(() => {});
        throw new Error('ReadableStream received over RPC disconnected prematurely.');
      }
      controller.enqueue(bytes);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** A copy, as the stream takes the memory that it is given. */
function bytesOf(chunk: unknown): Uint8Array<ArrayBuffer> {
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk).slice();
  throw new TypeError('This stream has something else than bytes.');
}

const locked = () => new TypeError('The ReadableStream has been locked to a reader.');

type ReadableStream = InstanceType<typeof globalThis.ReadableStream>;

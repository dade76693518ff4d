/** Bodies on their way: how long they are, and what of them is there already. */

import { setImmediate } from '../basics/timers';

/** Lengths that are known from elsewhere, as of an answer that is passed on as it came. */
const lengths = new WeakMap<object, number>();

/** `body` has that many bytes; whoever sends it makes sure. */
export function setLength(body: object, length: number): void {
  lengths.set(body, length);
}

export function lengthOf(body: object): number | undefined {
  return lengths.get(body);
}

/** The value of a `Content-Length`, if it is one. */
export function contentLength(value: string | null | undefined): number | undefined {
  return value != null && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A body that is being read. */
export class Body {
  /** How it begins: what it had to give at once. */
  readonly beginning: Uint8Array[] = [];
  /** Whether that is all of it. */
  complete = false;
  private readonly reader: ReadableStreamDefaultReader<unknown>;
  private asked: Promise<IteratorResult<unknown, unknown>> | undefined;

  private constructor(stream: ReadableStream<unknown>) {
    this.reader = stream.getReader();
  }

  /**
   * Reads what is there: of a body in memory all of it, so that its length is known. Rejects where
   * the body fails that early.
   */
  static async begin(stream: ReadableStream<unknown>): Promise<Body> {
    const body = new Body(stream);
    const turn = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    const { beginning } = body;
    for (let size = 0; size <= ENOUGH || beginning.length === 1; ) {
      body.asked = body.reader.read();
      const result = await Promise.race([body.asked, turn]);
      if (result === undefined) break;
      body.asked = undefined;
      if (result.done) {
        body.complete = true;
        break;
      }
      const chunk = bytesOf(result.value);
      beginning.push(chunk);
      size += chunk.length;
    }
    return body;
  }

  /** How long it is, as far as that is known. */
  get length(): number | undefined {
    return this.complete ? this.beginning.reduce((sum, { length }) => sum + length, 0) : undefined;
  }

  /** Waits until it has begun, if only to end. */
  async first(): Promise<void> {
    if (this.complete || this.beginning.length > 0) return;
    const chunk = await this.read();
    if (chunk === undefined) this.complete = true;
    else this.beginning.push(chunk);
  }

  /** What follows the beginning; nothing at the end. */
  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await (this.asked ?? this.reader.read());
    this.asked = undefined;
    return done ? undefined : bytesOf(value);
  }

  /** All of it, for somebody else to read. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (to) => {
        const chunk = this.beginning.shift() ?? (this.complete ? undefined : await this.read());
        if (chunk === undefined) to.close();
        else to.enqueue(chunk);
      },
      cancel: () => this.cancel(),
    });
  }

  /** Nobody wants the rest. */
  cancel(): void {
    this.reader.cancel().catch(() => {});
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError(`A body's stream has to give bytes, and gave ${chunk === null ? 'null' : `a ${typeof chunk}`}.`);
}

/** From here on a body goes out as it comes. */
const ENOUGH = 64 << 10;

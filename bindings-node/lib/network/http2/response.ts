/**
 * An ordinary answer on a stream of HTTP/2, in the shape of node:http's, which has phrases, and fields of one
 * connection.
 */

import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { isOfOneHop } from '../hop';
import { dropSoon } from '../sockets';
import type { Outgoing } from '../exchange';
import { StreamCarrier } from './stream';

export class StreamResponse implements Outgoing {
  statusCode = 200;
  headersSent = false;
  /** Of no meaning here: a session is ended by GOAWAY. */
  shouldKeepAlive = true;
  /** As there the end of a body is told apart from a cut. */
  readonly chunkedEncoding = true;
  readonly socket = null;

  constructor(private readonly stream: ServerHttp2Stream) {
    const carrier = new StreamCarrier(stream);
    stream.once('finish', () => {
      if (stream.endAfterHeaders) return;
      // What still comes is nobody's.
      carrier.resume();
      dropSoon(carrier);
    });
  }

  on(event: string, listener: () => void): this {
    this.stream.on(event, listener);
    return this;
  }
  off(event: string, listener: () => void): this {
    this.stream.off(event, listener);
    return this;
  }

  get destroyed(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }
  get writableFinished(): boolean {
    // A reset finishes the stream as well, by Node's account.
    return this.stream.writableFinished && !this.stream.aborted;
  }

  writeHead(status: number, _phrase: string | undefined, fields: string[]): this {
    this.statusCode = status;
    const headers: OutgoingHttpHeaders = { ':status': status };
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at]!.toLowerCase();
      if (isOfOneHop(name) && name !== 'content-length') continue;
      const before = headers[name];
      headers[name] = before === undefined ? fields[at + 1]! : [before, fields[at + 1]!].flat().map(String);
    }
    if (this.destroyed) return this;
    this.stream.respond(headers);
    this.headersSent = true;
    return this;
  }

  /** They are on their way. */
  flushHeaders(): void {}

  write(chunk: Uint8Array): boolean {
    return this.destroyed || this.stream.write(chunk);
  }

  end(content?: string | Uint8Array): this {
    if (!this.destroyed) this.stream.end(content);
    return this;
  }

  /**
   * Resets the stream with INTERNAL_ERROR. By `close` the client would see END_STREAM before that, and take what it has
   * for whole.
   */
  destroy(): this {
    this.stream.destroy(new Error('the answer breaks off'));
    return this;
  }
}

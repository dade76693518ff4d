/** Sessions of HTTP/2: how much each may ask for, and when it has gone on too long, or is gone. */

import { constants, type Http2Session, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import { clearTimeout, clock, setTimeout } from '../../basics/timers';

/** What a peer may send on a stream before somebody reads it. With the streams that is what a session may hold. */
export const STREAM_WINDOW = 256 << 10;

/** What it may send on all of them: Node takes it off the wire at once, whoever reads. */
export const SESSION_WINDOW = 8 << 20;

/** Megabytes that Node may hold for a session before it refuses streams: what waits on a stream is bounded there. */
export const SESSION_MEMORY = 256;

export const serverSettings: Settings = {
  enableConnectProtocol: true,
  initialWindowSize: STREAM_WINDOW,
  maxConcurrentStreams: 256,
  maxHeaderListSize: 16 << 10,
};

/** What a server has, each until it is closed. */
export class Sessions {
  private readonly open = new Set<ServerHttp2Session>();
  private closing = false;

  /** @param headTimeout milliseconds in which the peer has to show that it speaks HTTP/2 */
  add(session: ServerHttp2Session, headTimeout: number): void {
    this.open.add(session);
    session.setLocalWindowSize(SESSION_WINDOW);
    const late = Number.isFinite(headTimeout) ? setTimeout(() => session.destroy(), headTimeout).unref() : undefined;
    session.once('remoteSettings', () => clearTimeout(late));
    session.once('close', () => {
      clearTimeout(late);
      this.open.delete(session);
    });
    limitResets(session);
    keepAlive(session);
    if (this.closing) session.close();
  }

  /** GOAWAY: each ends with its last stream. */
  beginClosing(): void {
    this.closing = true;
    for (const session of this.open) session.close();
  }

  destroy(): void {
    for (const session of this.open) session.destroy();
  }
}

/**
 * Ends a session whose streams are reset as soon as they are asked for, again and again: each costs
 * its peer next to nothing, and the Worker a request (CVE-2023-44487). Resets of streams that were in
 * use, as of a page that is left, do not count.
 */
function limitResets(session: ServerHttp2Session): void {
  let resets = 0;
  let since = clock();
  session.on('stream', (stream: ServerHttp2Stream) => {
    const asked = clock();
    stream.once('close', () => {
      const now = clock();
      if (!stream.aborted || now - asked > SOON || session.destroyed) return;
      if (now - since > RESETS_WITHIN) {
        since = now;
        resets = 0;
      }
      if (++resets > MOST_RESETS) session.destroy(constants.NGHTTP2_ENHANCE_YOUR_CALM as never);
    });
  });
}

/**
 * Ends a session whose peer is gone, which takes all its WebSockets along: one that is silent is asked whether it is
 * there.
 */
export function keepAlive(session: Http2Session): void {
  let heard = -1;
  let timer: NodeJS.Timeout;
  const look = () => {
    const { bytesRead } = session.socket;
    const isSilent = bytesRead === heard;
    heard = bytesRead;
    timer = isSilent ? setTimeout(() => session.destroy(), PONG_WITHIN).unref() : setTimeout(look, SILENCE).unref();
    if (!isSilent) return;
    session.ping((error) => {
      clearTimeout(timer);
      if (error !== null || session.destroyed) return;
      heard = session.socket.bytesRead;
      timer = setTimeout(look, SILENCE).unref();
    });
  };
  timer = setTimeout(look, SILENCE).unref();
  session.once('close', () => clearTimeout(timer));
}

const SILENCE = 30_000;
const PONG_WITHIN = 20_000;

/** So many streams may be reset within a second of being asked for, in ten. */
const MOST_RESETS = 100;
const SOON = 1_000;
const RESETS_WITHIN = 10_000;

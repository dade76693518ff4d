/** Sessions of HTTP/2 that are kept for an origin, while WebSockets are on them and somewhat longer. */

import http2, { type ClientHttp2Session } from 'node:http2';
import { clearTimeout, setTimeout } from '../../basics/timers';
import type { NativeClientRequest } from '../../engine/native';
import type { TlsOptions } from '../../engine/network-types';
import type { Outcome } from '../outcome';
import { ask, Refused, takesWebSockets } from './client';
import { keepAlive, SESSION_MEMORY, SESSION_WINDOW, STREAM_WINDOW } from './sessions';

export class Pool {
  private readonly kept = new Set<Kept>();
  /** Origins where it has to be HTTP/1.1. */
  private readonly others = new Set<string>();

  /**
   * Asks for a connection; undefined where that has to be done over HTTP/1.1.
   *
   * @param origin with https
   * @param tls sessions are for those who give the same
   */
  async ask(origin: string, tls: TlsOptions | undefined, request: NativeClientRequest, signal: AbortSignal): Promise<Outcome | undefined> {
    if (this.others.has(origin)) return undefined;
    const kept = [...this.kept].find((kept) => kept.origin === origin && kept.tls === tls && kept.hasRoom) ?? this.connect(origin, tls);
    kept.take();
    let outcome: Outcome;
    try {
      if (!(await takesWebSockets(kept.session, signal).catch(() => false))) {
        signal.throwIfAborted();
        kept.session.close();
        this.others.add(origin);
        setTimeout(() => this.others.delete(origin), FORGETS).unref();
        kept.give();
        return undefined;
      }
      outcome = await ask(kept.session, request, signal);
    } catch (error) {
      kept.give();
      if (error instanceof Refused) return undefined;
      throw error;
    }
    (outcome.open ? outcome.socket : outcome.body).once('close', () => kept.give());
    return outcome;
  }

  private connect(origin: string, tls: TlsOptions | undefined): Kept {
    const kept = new Kept(origin, tls);
    this.kept.add(kept);
    kept.session.once('close', () => this.kept.delete(kept));
    return kept;
  }
}

/** A session, which holds the process for as long as something is on it. */
class Kept {
  readonly session: ClientHttp2Session;
  private uses = 0;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    readonly origin: string,
    readonly tls: TlsOptions | undefined,
  ) {
    const settings = { enablePush: false, initialWindowSize: STREAM_WINDOW };
    const session = http2.connect(origin, { ...(tls as object), settings, maxSessionMemory: SESSION_MEMORY });
    this.session = session;
    // What it means is told by the streams.
    session.on('error', () => {});
    session.once('connect', () => {
      session.setLocalWindowSize(SESSION_WINDOW);
      keepAlive(session);
    });
  }

  get hasRoom(): boolean {
    const { session, uses } = this;
    return !session.closed && !session.destroyed && uses < (session.remoteSettings.maxConcurrentStreams ?? Infinity);
  }

  take(): void {
    this.uses++;
    clearTimeout(this.idle);
    this.session.ref();
  }

  give(): void {
    if (--this.uses > 0 || this.session.destroyed) return;
    this.session.unref();
    this.idle = setTimeout(() => this.session.close(), IDLE).unref();
  }
}

/** Milliseconds that a session is kept with nothing on it. */
const IDLE = 10_000;

/** Milliseconds until a server that had no WebSockets over HTTP/2 is asked again. */
const FORGETS = 60_000;

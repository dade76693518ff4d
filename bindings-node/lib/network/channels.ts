/**
 * What a server tells whoever asks, by channels of node:diagnostics_channel: `wspair.request` for
 * each request that was answered, `wspair.closed` for each connection that ended.
 */

import { channel } from 'node:diagnostics_channel';
import { clock } from '../basics/timers';
import type { Message, Outgoing } from './exchange';

/** On `wspair.request`. */
export interface RequestMessage {
  method: string;
  /** Path and query. */
  url: string;
  /**
   * Undefined where the client went away before it was answered. 101 where a connection was opened, over HTTP/2 200.
   */
  status: number | undefined;
  /** Milliseconds until then. */
  duration: number;
  remoteAddress: string | undefined;
}

/** On `wspair.closed`. */
export interface ClosedMessage {
  url: string;
  /** 1006 where no Close frame came. */
  code: number;
  reason: string;
  wasClean: boolean;
  remoteAddress: string | undefined;
}

const requests = channel('wspair.request');
const closings = channel('wspair.closed');

/** Tells of a request once its answer is through, or the client gone. */
export function observe(message: Message, to: Outgoing, began = clock()): void {
  if (!requests.hasSubscribers) return;
  to.on('close', () => tellOfRequest(message, to.headersSent ? to.statusCode : undefined, began));
}

/** @param began when it came, by `clock` */
export function tellOfRequest(message: Message, status: number | undefined, began: number): void {
  if (!requests.hasSubscribers) return;
  const { method = '', url = '', socket } = message;
  const told: RequestMessage = { method, url, status, duration: clock() - began, remoteAddress: socket.remoteAddress };
  requests.publish(told);
}

export function tellOfClosing(message: ClosedMessage): void {
  closings.publish(message);
}

/** Puts ends on sockets, with what the runtime allows on a wire. */

import { type ConnectionOptions } from '../engine/connection';
import { Engine, type Negotiated } from '../engine/engine';
import { native } from '../engine/native';
import type { Wire } from '../web/wire';
import { type Carrier, Link } from './link';

/** What connections under ends are set to. */
export class Coupler {
  private readonly config: object;
  private readonly maxMessage: number;

  constructor(options: ConnectionOptions = {}) {
    const { maxMessage = MAX_MESSAGE } = options;
    this.maxMessage = maxMessage;
    // The closing handshake and the end are the pair's to answer, and messages come whole.
    this.config = native.connConfig({ ...options, maxMessage, autoClose: false, autoEnd: false, chunks: false });
  }

  /**
   * @param early what came behind the handshake
   * @param ended whether the peer has ended its direction behind that
   */
  couple(client: boolean, socket: Carrier, early: Buffer, agreed: Negotiated, wire: Wire, ended = false): Link {
    return new Link(socket, new Engine(client, this.config, agreed), wire, client, this.maxMessage, early, ended);
  }
}

/** As in the runtime. */
const MAX_MESSAGE = 32 << 20;

export const usual = new Coupler();

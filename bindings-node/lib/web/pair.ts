/** `WebSocketPair`: an object with its two ends at the keys 0 and 1. */

import { End, type Shell } from './end';
import { illegalInvocation } from './errors';
import { expose, refuseClones } from './expose';
import { Side } from './side';
import type * as dom from './types';
import type { Sockets } from './websocket';

export function definePair(shell: Shell, sockets: Sockets): dom.WebSocketPairConstructor {
  const { compat } = shell;

  class WebSocketPair {
    readonly #ends: dom.WebSocket[];

    constructor() {
      this.#ends = Side.pair(compat.bits).map((side) => sockets.face(new End(side, shell)));
      this.#ends.forEach((value, key) => {
        Object.defineProperty(this, key, { value, enumerable: true, configurable: true });
      });
      refuseClones(this);
    }

    [Symbol.iterator](): PairIterator {
      if (!(#ends in this)) throw illegalInvocation();
      return new PairIterator(this.#ends);
    }
  }

  class PairIterator {
    readonly #ends: readonly dom.WebSocket[];
    #next = 0;

    constructor(ends: readonly dom.WebSocket[]) {
      this.#ends = ends;
    }

    next(): IteratorResult<dom.WebSocket> {
      const value = this.#ends[this.#next++];
      return value === undefined ? { done: true, value } : { done: false, value };
    }

    [Symbol.iterator](): this {
      return this;
    }
  }

  Object.defineProperty(PairIterator.prototype, Symbol.toStringTag, {
    value: compat.has('set_tostring_tag') ? 'PairIterator' : 'Iterator',
    configurable: true,
  });
  return expose(WebSocketPair, compat, []);
}

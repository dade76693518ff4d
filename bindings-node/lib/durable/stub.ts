/** What calls an object: its `fetch`, its methods, and the values that it shows. */

import { report } from '../basics/report';
import { passes } from '../cloudflare/carry';
import { callAt, calling, handOver, type Hook, isAbsence, isIndex, memberOf, notFunction, notImplemented, walk } from '../cloudflare/rpc';
import { asked } from '../cloudflare/surroundings';
import { type FetchInit, type FetchInput, fetchBy } from '../cloudflare/stub-fetch';
import { copyOf, thrownThere } from '../cloudflare/thrown';
import { DurableObject as Base } from '../cloudflare/workers';
import { native, Phase } from '../engine/native';
import { End } from '../web/end';
import { wrongArgument } from '../web/errors';
import { conceal } from '../web/expose';
import { Response } from '../web/response';
import { Side } from '../web/side';
import type * as dom from '../web/types';
import { endOf, faceOf } from '../web/websocket';
import type { DurableObjectId } from './id';
import type { Kind } from './kind';
import type { Life } from './life';

class DurableObject {
  declare readonly name: string | undefined;
  declare readonly id: DurableObjectId;
  readonly #calls: Calls;

  constructor(calls: Calls, id: DurableObjectId) {
    this.#calls = calls;
    const own = (value: unknown) => ({ value, enumerable: true, writable: true, configurable: true });
    Object.defineProperties(this, { name: own(id.name), id: own(id) });
  }

  async fetch(input: FetchInput, init?: FetchInit): Promise<dom.Response> {
    if (arguments.length === 0) throw wrongArgument('fetch', 'Fetcher', 1, 'Request or string');
    return this.#calls.fetch(input, init);
  }
}

conceal(DurableObject, 'DurableObject');

export function stubOf(kind: Kind, id: DurableObjectId): object {
  const calls = new Calls(kind, id);
  const target = new DurableObject(calls, id);
  const fetch = target.fetch.bind(target);
  const stub: object = new Proxy(target, {
    get(target, key) {
      if (key === 'fetch' && !Object.hasOwn(target, key)) return fetch;
      if (typeof key === 'symbol') return Reflect.get(target, key);
      if (key in Object.prototype || Object.hasOwn(target, key)) return Reflect.get(target, key);
      // Else awaiting a stub, or writing it down, would call it.
      if (key === 'then' || isIndex(key)) return undefined;
      return key === 'toJSON' ? () => ({ ...target }) : memberOf(calls, [key]);
    },
    has: (_target, key) => key !== 'then',
  });
  return passes(stub);
}

/** Calls to one object, by one stub. */
class Calls implements Hook {
  /** The one that answered last. Once it failed, the stub goes on to tell so. */
  private life: Life | undefined;

  constructor(
    private readonly kind: Kind,
    private readonly id: DurableObjectId,
  ) {}

  get(path: readonly string[]): Promise<unknown> {
    return this.ask(undefined, async (life) => {
      const value = visible(life, path[0]!);
      return path.length === 1 ? value : walk(await value, path.slice(1));
    });
  }

  thrown(error: unknown): unknown {
    return thrownThere(error, this.id.toString());
  }

  call(path: readonly string[], args: unknown[]): Promise<unknown> {
    return calling(args, (carried) =>
      this.ask(undefined, async (life) => {
        const [key, ...rest] = path as [string, ...string[]];
        const member = visible(life, key);
        if (rest.length > 0) return callAt(await member, rest, carried, path);
        if (typeof member !== 'function') throw new Refused(notFunction(path));
        return member.apply(life.instance, carried);
      }),
    );
  }

  fetch(input: FetchInput, init: FetchInit): Promise<dom.Response> {
    const ask = async (request: globalThis.Request) => {
      const response = await this.ask(true, async (life) => {
        if (typeof life.instance.fetch !== 'function') throw new Refused(new Error('Handler does not export a fetch() function.'));
        try {
          return await life.instance.fetch(request);
        } catch (error) {
          throw new Refused(error);
        }
      });
      return passedOn(response as dom.Response);
    };
    return fetchBy(ask, input, init);
  }

  /** @param raw whether what it gives is passed as it is */
  private ask(raw: true | undefined, work: (life: Life) => Promise<unknown>): Promise<unknown> {
    const send = () => this.send(async (life) => {
      let value: unknown;
      try {
        value = await work(life);
      } catch (error) {
        if (life.failure !== undefined) throw life.failure;
        if (error instanceof Refused) throw thrownThere(error.cause);
        throw thrownThere(error, isAbsence(error) || error instanceof DOMException ? undefined : this.id.toString());
      }
      try {
        return raw ? value : handOver(value);
      } catch (error) {
        throw Object.defineProperty(error as object, 'remote', { value: true, enumerable: true });
      }
    });
    return asked(send);
  }

  private async send(work: (life: Life) => Promise<unknown>): Promise<unknown> {
    const { life } = this;
    if (life?.failure !== undefined) throw copyOf(life.failure);
    let answering: Life | undefined;
    try {
      return await this.kind.actor(this.id).deliver((life) => {
        this.life = answering = life;
        return work(life);
      });
    } catch (error) {
      if (answering === undefined) this.life = failedLife(error);
      throw error === this.life?.failure ? copyOf(error) : error;
    }
  }
}

/** Its constructor never let it live. */
function failedLife(error: unknown): Life {
  return { failure: error } as Life;
}

/** What was thrown where no method of the object ran. */
class Refused {
  constructor(readonly cause: unknown) {}
}

/** A method, or the value of a property, that the object's class has. */
function visible({ instance, actor }: Life, key: string): unknown {
  if (!(actor.kind.Class.prototype instanceof Base)) throw new Refused(new TypeError(NO_RPC));
  if (reserved.has(key)) throw new Refused(new TypeError(`'${key}' is a reserved method and cannot be called over RPC.`));
  if (key in Object.prototype || Object.hasOwn(instance, key) || !(key in instance)) throw new Refused(notImplemented(key));
  let value: unknown;
  try {
    value = instance[key];
  } catch (error) {
    throw new Refused(error);
  }
  if (value === undefined) throw new Refused(notImplemented(key));
  return value;
}

const reserved = new Set(['alarm', 'dup', 'webSocketMessage', 'webSocketClose', 'webSocketError']);

const NO_RPC =
  'The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. ' +
  'In order to enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module "cloudflare:workers".';

/** The answer, whose end the caller may accept or give to a client. */
function passedOn(response: dom.Response): dom.Response {
  const webSocket = response?.webSocket ?? null;
  if (webSocket === null) return response;
  const end = endOf(webSocket);
  if (end === undefined || native.pairPhase(end.side.handle) === Phase.Fresh) return response;
  // As when it goes out: there is an answer, and then the connection is lost.
  const [own, far] = Side.pair(end.shell.compat.bits);
  try {
    end.give();
  } catch (error) {
    report(error);
  }
  far.detach(native.pairAbandon);
  return new Response(null, { status: 101, webSocket: faceOf(new End(own, end.shell)), headers: response.headers });
}


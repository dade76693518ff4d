/** What a Worker has in its `env`: the ids and stubs of one class of objects. */

import { toText } from '../web/convert';
import { wrongArgument } from '../web/errors';
import { DurableObjectId } from './id';
import type { Kind } from './kind';
import { stubOf } from './stub';

export class DurableObjectNamespace {
  readonly #kind: Kind;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  newUniqueId(options?: { jurisdiction?: string }): DurableObjectId {
    if (options?.jurisdiction !== undefined) ignoreJurisdiction();
    return this.#kind.ids.random();
  }

  idFromName(name: string): DurableObjectId {
    if (arguments.length === 0) throw wrongArgument('idFromName', OWNER, 1, 'string');
    return this.#kind.ids.fromName(toText(name));
  }

  idFromString(id: string): DurableObjectId {
    if (arguments.length === 0) throw wrongArgument('idFromString', OWNER, 1, 'string');
    return this.#kind.ids.fromString(toText(id));
  }

  get(id: DurableObjectId, _options?: object): object {
    if (!DurableObjectId.is(id)) throw wrongArgument('get', OWNER, 1, 'DurableObjectId');
    if (!this.#kind.ids.has(id)) throw new TypeError('Durable Object ID is not valid for this namespace.');
    return stubOf(this.#kind, id);
  }

  getByName(name: string, _options?: object): object {
    if (arguments.length === 0) throw wrongArgument('getByName', OWNER, 1, 'string');
    return stubOf(this.#kind, this.#kind.ids.fromName(toText(name)));
  }

  jurisdiction(_jurisdiction?: string): this {
    ignoreJurisdiction();
    return this;
  }
}

Object.defineProperty(DurableObjectNamespace.prototype, Symbol.toStringTag, { value: 'DurableObjectNamespace', configurable: true });

const OWNER = 'DurableObjectNamespace';

let told = false;

function ignoreJurisdiction(): void {
  if (told) return;
  told = true;
  process.emitWarning('Jurisdictions of Durable Objects change nothing in wspair: all of them are on this machine.', { code: 'WSPAIR_JURISDICTION' });
}

/** What a Worker has in its `env`: the ids and stubs of one class of objects. */

import { toMessageText, toText } from '../web/convert';
import { illegalInvocation, wrongArgument } from '../web/errors';
import { conceal } from '../web/expose';
import { DurableObjectId } from './id';
import type { Kind } from './kind';
import { stubOf } from './stub';
import type { DurableObjectStub } from './stub-types';

/** @typeParam T the class of the objects */
export class DurableObjectNamespace<T = unknown> {
  readonly #kind: Kind;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  private static kind(namespace: unknown): Kind {
    if (typeof namespace !== 'object' || namespace === null || !(#kind in namespace)) throw illegalInvocation();
    return (namespace as DurableObjectNamespace).#kind;
  }

  newUniqueId(options?: { jurisdiction?: string }): DurableObjectId {
    const { ids } = DurableObjectNamespace.kind(this);
    if (options?.jurisdiction !== undefined) ignoreJurisdiction();
    return ids.random();
  }

  idFromName(name: string): DurableObjectId {
    const { ids } = DurableObjectNamespace.kind(this);
    if (arguments.length === 0) throw wrongArgument('idFromName', OWNER, 1, 'string');
    return ids.fromName(toMessageText(toText(name)));
  }

  idFromString(id: string): DurableObjectId {
    const { ids } = DurableObjectNamespace.kind(this);
    if (arguments.length === 0) throw wrongArgument('idFromString', OWNER, 1, 'string');
    return ids.fromString(toText(id));
  }

  get(id: DurableObjectId, _options?: object): DurableObjectStub<T> {
    const kind = DurableObjectNamespace.kind(this);
    if (!DurableObjectId.is(id)) throw wrongArgument('get', OWNER, 1, 'DurableObjectId');
    return stubOf(kind, id) as DurableObjectStub<T>;
  }

  getByName(name: string, _options?: object): DurableObjectStub<T> {
    const kind = DurableObjectNamespace.kind(this);
    if (arguments.length === 0) throw wrongArgument('getByName', OWNER, 1, 'string');
    return stubOf(kind, kind.ids.fromName(toMessageText(toText(name)))) as DurableObjectStub<T>;
  }

  jurisdiction(_jurisdiction?: string): this {
    ignoreJurisdiction();
    return this;
  }
}

conceal(DurableObjectNamespace, 'DurableObjectNamespace');

const OWNER = 'DurableObjectNamespace';

let told = false;

function ignoreJurisdiction(): void {
  if (told) return;
  told = true;
  process.emitWarning('Jurisdictions of Durable Objects change nothing in wspair: all of them are on this machine.', { code: 'WSPAIR_JURISDICTION' });
}

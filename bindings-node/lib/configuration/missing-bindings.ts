/** Bindings to what is not here: they are there, and say so when they are used. */

import { inspect } from 'node:util';
import { type Fields, list } from './document';

/** Where each kind of them is in a configuration, and the field with its name. */
const lists: Record<string, string> = {
  kv_namespaces: 'binding',
  r2_buckets: 'binding',
  d1_databases: 'binding',
  services: 'binding',
  vectorize: 'binding',
  hyperdrive: 'binding',
  analytics_engine_datasets: 'binding',
  dispatch_namespaces: 'binding',
  mtls_certificates: 'binding',
  workflows: 'binding',
  pipelines: 'binding',
  secrets_store_secrets: 'binding',
  send_email: 'name',
};

const single = ['ai', 'browser', 'images', 'media', 'version_metadata', 'assets'];

/** The kind of each binding, by its name, but for those that are provided. */
export function missingBindings(configuration: Fields, provided: readonly string[], file: string): Map<string, string> {
  const found = new Map<string, string>();
  const note = (name: unknown, kind: string) => {
    if (typeof name === 'string' && !provided.includes(name)) found.set(name, kind);
  };
  for (const [kind, key] of Object.entries(lists)) {
    for (const entry of list(configuration[kind], file, kind)) note(entry[key], kind);
  }
  for (const kind of single) note((configuration[kind] as Fields | undefined)?.['binding'], kind);
  const { queues } = configuration as { queues?: Fields };
  for (const entry of list(queues?.['producers'], file, 'queues.producers')) note(entry['binding'], 'queues');
  return found;
}

/** Throws whatever is done with it, but for looking at it. */
export function missingBinding(name: string, kind: string): object {
  const used = (): never => {
    throw new Error(`env.${name} is a ${kind} binding: wspair provides Durable Objects and vars only`);
  };
  const shown = Object.defineProperty({}, inspect.custom, { value: () => `[${kind} binding, not provided]` });
  return new Proxy(shown, {
    get(target, key) {
      if (typeof key === 'symbol') return Reflect.get(target, key);
      // Who only passes `env` on, or writes it down, does not use it.
      return key === 'then' || key === 'toJSON' || key in Object.prototype ? Reflect.get(target, key) : used();
    },
    set: used,
  });
}

/** Where the modules are that Workers import as `cloudflare:…`. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a resolving hook gets and gives. */
export type Resolved = { url: string; shortCircuit: true };
export type Context = { conditions?: readonly string[] };

/** Nothing for any other module. Throws for one of theirs that is not here. */
export function resolveCloudflare(specifier: string, { conditions = [] }: Context): Resolved | undefined {
  if (!specifier.startsWith('cloudflare:')) return undefined;
  const name = specifier.slice('cloudflare:'.length);
  if (!names.includes(name)) throw notFound(specifier);
  const extension = conditions.includes('require') ? 'js' : 'mjs';
  return { url: pathToFileURL(path.join(__dirname, `${name}.${extension}`)).href, shortCircuit: true };
}

const names = ['email', 'sockets', 'workers', 'workflows'];

function notFound(specifier: string): Error {
  const known = names.map((name) => `cloudflare:${name}`).join(', ');
  return Object.assign(new Error(`wspair provides no module '${specifier}'. There are ${known}.`), { code: 'ERR_MODULE_NOT_FOUND' });
}

/** The same for Node's thread of module hooks. */

import { type Context, resolveCloudflare } from './resolve.js';

export function resolve(specifier: string, context: Context, next: (specifier: string, context: Context) => unknown) {
  return resolveCloudflare(specifier, context) ?? next(specifier, context);
}

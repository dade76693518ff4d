/** The same for Node's thread of module hooks. */

import { load as loaded, resolved } from './modules.js';

type Resolve = (specifier: string, context: { parentURL?: string }) => unknown;

export const resolve = (specifier: string, context: { parentURL?: string }, next: Resolve) => next(resolved(specifier, context), context);

export const load = loaded;

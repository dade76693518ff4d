/** Puts the classes where Workers have them. */

import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Context, resolveCloudflare } from './cloudflare/resolve';
import { newest } from './runtime';
import { putGlobals } from './web/globals';
import type * as dom from './web/types';

export function register(classes: dom.Runtime = newest.classes): void {
  putGlobals(classes);
  if (!hooked) registerModules();
  hooked = true;
}

let hooked = false;

/** Has Node find `cloudflare:workers` and its like. */
function registerModules(): void {
  const { register, registerHooks } = module as typeof module & Hooks;
  try {
    if (registerHooks !== undefined) {
      registerHooks({ resolve: (specifier, context, next) => resolveCloudflare(specifier, context) ?? next(specifier, context) });
    } else {
      // For `import` only, from Node 20.6 on.
      register?.(pathToFileURL(path.join(__dirname, 'cloudflare', 'resolve-hook.mjs')));
    }
  } catch {
    // Where a test runner has modules of its own, such as Jest, it is told by its own settings.
  }
}

/** From Node 22.15 and 23.5 on: for `require` too, and in the same thread. */
interface Hooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: Context, next: (specifier: string, context: Context) => unknown): unknown;
  }): void;
}

/** Loads a Worker's module. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { handlerOf, type Worker } from '../network/worker';
import { registerWorkerModules } from './modules';
import { Refusal } from './refusal';

/** What it exports, a handler by default among it. */
export async function load(module: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  let exports: Record<string, unknown>;
  registerWorkerModules();
  try {
    exports = await import(pathToFileURL(module).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') throw new Refusal(whichCannotRun(error as Error, file));
    console.error(error);
    throw new Refusal(`${file} could not be loaded${isTyped(error, file) ? `: Node takes types away and does no more. ${compileFirst(file)}` : ''}`);
  }
  const { default: worker } = exports;
  try {
    if (typeof worker === 'function' && typeof worker.prototype?.fetch !== 'function') throw undefined;
    handlerOf(worker as Worker);
  } catch {
    throw new Refusal(`${file} exports no fetch: it needs "export default { fetch(request, env, ctx) { … } }"`);
  }
  return exports;
}

function whichCannotRun(error: Error, file: string): string {
  if (!/\.[cm]?ts\b/.test(error.message)) return `${file}: ${error.message}`;
  return `Node ${process.version} does not run TypeScript: 22.18 and later do. ${compileFirst(file)}`;
}

/**
 * Whether it may be that something is no JavaScript once types are taken away: an enum, or a type that is imported as a
 * value.
 */
function isTyped(error: unknown, file: string): boolean {
  const { code } = error as { code?: string };
  return /\.[cm]?tsx?$/.test(file) && (error instanceof SyntaxError || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_INVALID_TYPESCRIPT_SYNTAX');
}

function compileFirst(file: string): string {
  const compiled = `${path.basename(file).replace(/\.\w+$/, '')}.mjs`;
  return `Or compile the Worker first, as by "npx esbuild ${file} --bundle --format=esm --external:cloudflare:* --outfile=${compiled}"`;
}

/** Loads a Worker's module. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { handlerOf, type Worker, type WorkerClass } from '../network/worker';
import { Refusal } from './refusal';

export async function load(module: string, file: string): Promise<Worker | WorkerClass> {
  let exports: Record<string, unknown>;
  try {
    exports = await import(pathToFileURL(module).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') throw new Refusal(whichCannotRun(error as Error, file));
    console.error(error);
    throw new Refusal(`${file} could not be loaded`);
  }
  const { default: worker } = exports;
  try {
    if (typeof worker === 'function' && typeof worker.prototype?.fetch !== 'function') throw undefined;
    handlerOf(worker as Worker);
  } catch {
    throw new Refusal(`${file} exports no fetch: it needs "export default { fetch(request, env, ctx) { … } }"`);
  }
  for (const [name, value] of Object.entries(exports)) {
    if (!isDurableObject(value)) continue;
    console.error(`wspair: ${file} exports the Durable Object class ${name}: wspair runs none yet, so there is no binding to it in env`);
  }
  return worker as Worker | WorkerClass;
}

function whichCannotRun(error: Error, file: string): string {
  if (!/\.[cm]?ts\b/.test(error.message)) return `${file}: ${error.message}`;
  const compiled = `${path.basename(file).replace(/\.\w+$/, '')}.mjs`;
  return (
    `Node ${process.version} does not run TypeScript: 22.18 and later do. Or compile the Worker first, as by ` +
    `"npx esbuild ${file} --bundle --format=esm --external:cloudflare:* --outfile=${compiled}"`
  );
}

/** Whether it is a class that extends the one of `cloudflare:workers`. */
function isDurableObject(value: unknown): boolean {
  for (let base = value; typeof base === 'function'; base = Object.getPrototypeOf(base)) {
    if (base.name === 'DurableObject' && base !== value) return true;
  }
  return false;
}

/** The native half as WebAssembly, for platforms that have no binary: slower, and otherwise the same. */

import { readFileSync } from 'node:fs';
import { type Exports, Memory } from './memory';
import { NodeApi } from './node-api';

/** Of the global, which Node's types leave out, what is used here. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object, imports: Record<string, object>) => { exports: unknown };
  };
};

/** @param file the module that `npm run build:wasm` builds */
export function loadWasm(file: string): object {
  const module = new WebAssembly.Module(readFileSync(file));
  const memory = new Memory();
  const api = new NodeApi(memory);
  const { imports: env, own } = api;
  const instance = new WebAssembly.Instance(module, { env, napi: env, wspair: own });
  memory.exports = instance.exports as Exports;
  return api.register();
}

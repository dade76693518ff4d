#!/usr/bin/env node
/** The command `wspair`: serves a Worker's module. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { forCompatibilityDate } from './index';
import { register } from './register';
import { type Serving, serve } from './serve';

const usage = `usage: wspair WORKER [options]

  WORKER                     a module that exports default { fetch(request, env, ctx) }
  --port PORT                default 8787; 0 for any that is free
  --host HOST                default 127.0.0.1
  --compat-date YYYY-MM-DD   behave as the runtime at that date; default the newest
  --compat-flag FLAG         may be repeated
  --watch                    start again when the Worker's files change`;

/** Ends the command with a line that says why. */
class Refusal extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = read();
  if (values.help) return console.log(usage);
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new Refusal(usage);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Refusal(`--port ${values.port} is no port`);
  const module = path.resolve(file);
  if (!existsSync(module)) throw new Refusal(`there is no ${file}`);
  if (values.watch) return watch();

  const date = values['compat-date'];
  const flags = values['compat-flag'] ?? [];
  register(classesOf(date, flags));
  const worker = await load(module, file);
  const serving = await serve(worker, { port, host: values.host, env: {} }).catch((error) => {
    throw new Refusal(`cannot listen on ${values.host}:${port}: ${error.message}`);
  });
  console.log(`listening on ${serving.url}`);
  closeOnSignal(serving);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '8787' },
        host: { type: 'string', default: '127.0.0.1' },
        'compat-date': { type: 'string' },
        'compat-flag': { type: 'string', multiple: true },
        watch: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`);
  }
}

function classesOf(date: string | undefined, flags: string[]) {
  try {
    return forCompatibilityDate(date ?? '9999-12-31', flags);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}

async function load(module: string, file: string) {
  let exports: { default?: { fetch?: unknown } };
  try {
    exports = await import(pathToFileURL(module).href);
  } catch (error) {
    console.error(error);
    throw new Refusal(`${file} could not be loaded`);
  }
  const worker = exports.default;
  if (typeof worker?.fetch !== 'function') {
    throw new Refusal(`${file} exports no fetch: it needs "export default { fetch(request, env, ctx) { … } }"`);
  }
  return worker as Parameters<typeof serve>[0];
}

/** The first signal tells clients goodbye, the second does not wait. */
function closeOnSignal(serving: Serving): void {
  let asked = false;
  const close = () => {
    if (asked) process.exit(130);
    asked = true;
    void serving.close({ deadline: 3_000 }).then(() => process.exit(0));
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

/** Leaves it to Node, which knows what the module imports. */
function watch(): void {
  const rest = process.argv.slice(2).filter((argument) => argument !== '--watch');
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', __filename, ...rest], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 0));
}

main().catch((error: unknown) => {
  console.error(error instanceof Refusal ? `wspair: ${error.message}` : error);
  process.exit(1);
});

#!/usr/bin/env node
/** The command `wspair`: serves a Worker's module. */

import { spawn } from 'node:child_process';
import { report } from './basics/report';
import { surround } from './cloudflare/surroundings';
import { readArguments } from './command/arguments';
import { printLines } from './command/lines';
import { load } from './command/load';
import { makePlan, type Plan } from './command/plan';
import { Refusal } from './command/refusal';
import { ConfigurationError } from './configuration/document';
import { Host } from './durable/host';
import { forCompatibilityDate } from './index';
import { type Serving, serveModule } from './network/serve';
import { register } from './register';

async function main(): Promise<void> {
  const given = readArguments();
  if (given === undefined) return;
  const { tls, limits, watch, quiet } = given;
  const plan = makePlan(given);
  if (watch) return startWatching();

  const { module, file, port, host } = plan;
  register(classesOf(plan));
  for (const line of plan.lines) console.error(`wspair: ${line}`);
  const objects = openObjects(plan);
  const { env, exports } = objects;
  // Before the module runs, which may look.
  surround({ env, exports });
  outliveTheWorker();
  const worker = await load(module, file).catch(async (error) => {
    await objects.abandon();
    throw error;
  });
  const serving = await serveModule(worker, objects, { port, host, env, limits, ...(tls && { tls }) }).catch((error) => {
    throw new Refusal(error.syscall === undefined ? error.message : `cannot listen on ${host}:${port}: ${error.message}`);
  });
  console.log(`listening on ${serving.url}`);
  if (!quiet) printLines();
  closeOnSignal(serving);
}

function openObjects({ objects }: Plan): Host {
  try {
    return new Host(objects);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}

function classesOf({ date, flags }: Plan) {
  try {
    return forCompatibilityDate(date ?? '9999-12-31', flags);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}

/** What a timer throws, or a promise that nobody awaits, is one client's trouble and not the others'. */
function outliveTheWorker(): void {
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
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
function startWatching(): void {
  const rest = process.argv.slice(2).filter((argument) => argument !== '--watch');
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', __filename, ...rest], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 0));
}

main().catch((error: unknown) => {
  console.error(error instanceof Refusal || error instanceof ConfigurationError ? `wspair: ${error.message.replace(/^wspair: /, '')}` : error);
  process.exit(1);
});

/** What the command is told on its line. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Refusal } from './refusal';

export const usage = `usage: wspair WORKER [options]
       wspair [options]      in the folder of a project

  WORKER                     a module that exports default { fetch(request, env, ctx) }; default
                             what the project's configuration says
  --config FILE              the project's configuration; default wrangler.jsonc, wrangler.json or
                             wrangler.toml beside the Worker or here
  --env NAME                 the environment of it that counts
  --state FOLDER             where Durable Objects are kept, or memory; default .wspair/state beside
                             the configuration
  --durability WHAT          what a write that was answered survives: power, a loss of that too, or
                             process, which waits less for the disk; default power
  --apply-deletes            delete the objects of classes that a migration deletes
  --hibernate-after TIME     when Durable Objects sleep that nothing happens to; default 10s
  --no-hibernate             they never do
  --port PORT                default 8787; 0 for any that is free
  --host HOST                default 127.0.0.1
  --tls-cert FILE            serve https and wss, with this certificate
  --tls-key FILE             and this key, both as PEM
  --var NAME=VALUE           a binding in env; may be repeated. Others are read from .dev.vars, or
                             else .env, beside the configuration or the Worker
  --ping TIME                ping clients that have been silent for so long: 30s, or milliseconds
  --max-message SIZE         longest message accepted: 1m, 64k, or bytes; default 32m
  --compat-date YYYY-MM-DD   behave as the runtime at that date; default the newest
  --compat-flag FLAG         may be repeated
  --watch                    start again when the Worker's files change
  --quiet                    no line for each request and each connection
  --version                  print the version
  --help                     print this`;

export interface Arguments {
  /** The Worker's module, as it was written. */
  file: string | undefined;
  config: string | undefined;
  environment: string | undefined;
  state: string | undefined;
  durability: 'power' | 'process' | undefined;
  applyDeletes: boolean;
  /** Milliseconds; 0 for never. */
  hibernateAfter: number | undefined;
  port: number | undefined;
  host: string | undefined;
  tls: { cert: Buffer; key: Buffer } | undefined;
  vars: Record<string, string>;
  limits: { pingAfter?: number; maxMessage?: number };
  date: string | undefined;
  flags: string[];
  watch: boolean;
  quiet: boolean;
}

/** Undefined if the command has only to print something, which is done then. */
export function readArguments(): Arguments | undefined {
  const { values, positionals } = parse();
  if (values.help) return void console.log(usage);
  if (values.version) return void console.log(version());
  const [file, ...rest] = positionals;
  if (rest.length > 0) throw new Refusal(usage);
  const pingAfter = measure('--ping', values.ping, 'a time such as 30s or 500ms', times);
  const hibernateAfter = measure('--hibernate-after', values['hibernate-after'], 'a time such as 30s or 500ms', times);
  const maxMessage = measure('--max-message', values['max-message'], 'a size such as 1m or 64k', { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 });
  return {
    file,
    config: values.config,
    environment: values.env,
    state: values.state,
    durability: durabilityOf(values.durability),
    applyDeletes: values['apply-deletes'] ?? false,
    hibernateAfter: values['no-hibernate'] ? 0 : hibernateAfter,
    port: portOf(values.port),
    host: values.host,
    tls: tlsOf(values['tls-cert'], values['tls-key']),
    vars: Object.fromEntries((values.var ?? []).map(binding)),
    limits: { ...(pingAfter !== undefined && { pingAfter }), ...(maxMessage !== undefined && { maxMessage }) },
    date: values['compat-date'],
    flags: values['compat-flag'] ?? [],
    watch: values.watch ?? false,
    quiet: values.quiet ?? false,
  };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        env: { type: 'string' },
        state: { type: 'string' },
        durability: { type: 'string' },
        'apply-deletes': { type: 'boolean' },
        'hibernate-after': { type: 'string' },
        'no-hibernate': { type: 'boolean' },
        port: { type: 'string' },
        host: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        var: { type: 'string', multiple: true },
        ping: { type: 'string' },
        'max-message': { type: 'string' },
        'compat-date': { type: 'string' },
        'compat-flag': { type: 'string', multiple: true },
        watch: { type: 'boolean' },
        quiet: { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`);
  }
}

const times = { '': 1, ms: 1, s: 1_000, m: 60_000 };

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) > 65_535) throw new Refusal(`--port ${text} is no port`);
  return Number(text);
}

function durabilityOf(text: string | undefined): Arguments['durability'] {
  if (text === undefined || text === 'power' || text === 'process') return text;
  throw new Refusal(`--durability ${text} is neither power nor process`);
}

function measure(option: string, text: string | undefined, what: string, units: Record<string, number>): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  const value = Math.round(Number(number) * (factor ?? NaN));
  if (!(value > 0)) throw new Refusal(`${option} ${text} is not ${what}`);
  return value;
}

function binding(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Refusal(`--var ${text} is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function tlsOf(cert: string | undefined, key: string | undefined): Arguments['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new Refusal('--tls-cert and --tls-key are both needed');
  const read = (option: string, file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new Refusal(`${option} ${file} cannot be read: ${(error as Error).message}`);
    }
  };
  return { cert: read('--tls-cert', cert), key: read('--tls-key', key) };
}

function version(): string {
  return JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')).version;
}

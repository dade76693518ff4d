/** The project that a Worker is of: what its configuration says, of that which is provided here. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ClassSettings } from '../durable/host';
import { readClasses } from './classes';
import { ConfigurationError, type Fields, fields, list, readDocument, text, texts, wrong } from './document';
import { missingBindings } from './missing-bindings';

export interface Project {
  /** The configuration file. */
  file: string;
  folder: string;
  name: string | undefined;
  /** The Worker's module, resolved. */
  main: string | undefined;
  date: string | undefined;
  flags: string[];
  vars: Record<string, unknown>;
  /** The class of each binding. */
  bindings: Record<string, string>;
  /** The entrypoint of each binding to the Worker itself. */
  services: Record<string, string>;
  classes: Record<string, ClassSettings>;
  /** The names that each class had of which the objects are to be deleted. */
  deleted: Record<string, readonly string[]>;
  /** The kind of each binding to what is not provided. */
  missing: Map<string, string>;
  port: number | undefined;
  host: string | undefined;
  /** What somebody should know. */
  notes: string[];
}

const names = ['wrangler.jsonc', 'wrangler.json', 'wrangler.toml'];

/** The configuration file in the first of some folders that has one. */
export function findConfiguration(folders: readonly string[]): string | undefined {
  return folders.flatMap((folder) => names.map((name) => path.join(folder, name))).find((file) => existsSync(file));
}

/**
 * Throws a `ConfigurationError`.
 *
 * @param environment of those that the file has, the one that counts
 */
export function readProject(file: string, environment?: string): Project {
  const top = readDocument(file);
  const chosen = environment === undefined ? top : inEnvironment(top, environment, file);
  const name = optional(chosen['name'], file, 'name');
  const main = optional(chosen['main'], file, 'main');
  const { settings, deleted } = readClasses({ migrations: chosen['migrations'], exports: chosen['exports'] }, file);
  const bindings = readBindings(chosen, file, name);
  const services = readServices(chosen, file, name);
  const notes: string[] = [];
  const declared = chosen['migrations'] !== undefined || chosen['exports'] !== undefined;
  for (const className of new Set(Object.values(bindings))) {
    if (!Object.hasOwn(settings, className)) notes.push(`${className} is in no ${declared ? 'migration' : 'migrations'}: it has SQL, as new classes have`);
  }
  const dev = chosen['dev'] === undefined ? {} : fields(chosen['dev'], file, 'dev');
  return {
    file,
    folder: path.dirname(file),
    name,
    main: main && path.resolve(path.dirname(file), main),
    date: dateOf(chosen['compatibility_date'], file),
    flags: texts(chosen['compatibility_flags'], file, 'compatibility_flags'),
    vars: chosen['vars'] === undefined ? {} : fields(chosen['vars'], file, 'vars'),
    bindings,
    services,
    classes: settings,
    deleted,
    missing: missingBindings(chosen, Object.keys(services), file),
    port: portOf(dev['port'], file),
    host: optional(dev['ip'], file, 'dev.ip'),
    notes,
  };
}

/** What an environment has in place of the rest. Bindings and vars are not inherited. */
function inEnvironment(top: Fields, environment: string, file: string): Fields {
  const environments = top['env'] === undefined ? {} : fields(top['env'], file, 'env');
  if (!Object.hasOwn(environments, environment)) {
    const known = Object.keys(environments).join(', ');
    throw new ConfigurationError(`${file} has no environment ${environment}: ${known ? `there are ${known}` : 'there are none'}`);
  }
  const own = fields(environments[environment], file, `env.${environment}`);
  const inherited = Object.fromEntries(Object.entries(top).filter(([key]) => inheritable.has(key)));
  const name = own['name'] ?? (top['name'] === undefined ? undefined : `${String(top['name'])}-${environment}`);
  return { ...inherited, ...own, name };
}

const inheritable = new Set(['main', 'compatibility_date', 'compatibility_flags', 'migrations', 'exports', 'dev', 'assets']);

function readBindings(chosen: Fields, file: string, worker: string | undefined): Record<string, string> {
  const { durable_objects: objects } = chosen;
  const bindings: Record<string, string> = {};
  const given = objects === undefined ? [] : list(fields(objects, file, 'durable_objects')['bindings'], file, 'durable_objects.bindings');
  for (const [at, binding] of given.entries()) {
    const where = `durable_objects.bindings[${at}]`;
    const name = text(binding['name'], file, `${where}.name`);
    const script = optional(binding['script_name'], file, `${where}.script_name`);
    if (script !== undefined && script !== worker) {
      throw new ConfigurationError(`${file}: binding ${name} is of another Worker ("${script}"): only classes of this Worker can be bound`);
    }
    bindings[name] = text(binding['class_name'], file, `${where}.class_name`);
  }
  return bindings;
}

/** Those of the Worker to itself. */
function readServices(chosen: Fields, file: string, worker: string | undefined): Record<string, string> {
  const services: Record<string, string> = {};
  for (const [at, { binding, service, entrypoint }] of list(chosen['services'], file, 'services').entries()) {
    if (worker === undefined || service !== worker) continue;
    services[text(binding, file, `services[${at}].binding`)] = optional(entrypoint, file, `services[${at}].entrypoint`) ?? 'default';
  }
  return services;
}

function optional(value: unknown, file: string, where: string): string | undefined {
  return value === undefined ? undefined : text(value, file, where);
}

function dateOf(value: unknown, file: string): string | undefined {
  // TOML has dates.
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return optional(value, file, 'compatibility_date');
}

function portOf(value: unknown, file: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535) return value as number;
  throw wrong(file, 'dev.port', 'a port', value);
}

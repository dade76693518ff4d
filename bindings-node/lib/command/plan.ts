/** What the command is going to run: what its line says, and what it leaves to the project's configuration. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { missingBinding } from '../configuration/missing-bindings';
import { findConfiguration, type Project, readProject } from '../configuration/project';
import { readVars } from '../configuration/vars';
import type { HostOptions } from '../durable/host';
import { library, without } from '../durable/storage/libraries';
import type { Arguments } from './arguments';
import { usage } from './arguments';
import { Refusal } from './refusal';

export interface Plan {
  /** The Worker's module, resolved, and as it is shown. */
  module: string;
  file: string;
  port: number;
  host: string;
  date: string | undefined;
  flags: string[];
  objects: HostOptions & { env: Record<string, unknown>; state: string };
  /** What was found in the configuration. */
  lines: string[];
}

export function makePlan(given: Arguments): Plan {
  const project = projectOf(given);
  const module = given.file === undefined ? project?.main : path.resolve(given.file);
  if (module === undefined) throw new Refusal(project === undefined ? usage : `${shown(project.file)} has no main: say which WORKER`);
  const file = given.file ?? shown(module);
  if (!existsSync(module)) throw new Refusal(`there is no ${file}${given.file === undefined ? `, which is main in ${shown(project!.file)}` : ''}`);
  const beside = path.dirname(module);
  const folder = project?.folder ?? beside;
  const env: Record<string, unknown> = {};
  for (const [name, kind] of project?.missing ?? []) env[name] = missingBinding(name, kind);
  Object.assign(env, project?.vars, readVars([...new Set([folder, beside])], given.environment), given.vars);
  return {
    module,
    file,
    port: given.port ?? project?.port ?? 8787,
    host: given.host ?? project?.host ?? '127.0.0.1',
    date: given.date ?? project?.date,
    flags: [...(project?.flags ?? []), ...given.flags],
    objects: {
      env,
      bindings: project?.bindings,
      services: project?.services,
      classes: project?.classes,
      worker: project?.name,
      state: stateOf(given, folder),
      durability: given.durability,
      deleted: given.applyDeletes ? deletedOf(project) : [],
      hibernateAfter: given.hibernateAfter,
      deleteAllDeletesAlarm: deleteAllDeletesAlarm(given.date ?? project?.date, [...(project?.flags ?? []), ...given.flags]),
    },
    lines: project === undefined ? [] : [...linesOf(project, given), ...(isForgetful(given, project) ? [`what objects store is gone when this ends: ${without('keeping it').replace('wspair: ', '')}`] : [])],
  };
}

/** Where nobody said otherwise objects are kept on disk, if that can be. */
function stateOf({ state }: Arguments, folder: string): string {
  return state ?? (library() === undefined ? 'memory' : path.join(folder, '.wspair', 'state'));
}

function isForgetful({ state }: Arguments, { bindings }: Project): boolean {
  return state === undefined && library() === undefined && Object.keys(bindings).length > 0;
}

/** Throws for one that is still bound: it would begin anew. */
function deletedOf(project: Project | undefined): (readonly string[])[] {
  if (project === undefined) throw new Refusal('--apply-deletes is of the migrations of a configuration, and there is none');
  const { file, bindings, deleted } = project;
  for (const [binding, name] of Object.entries(bindings)) {
    if (Object.hasOwn(deleted, name)) throw new Refusal(`${shown(file)}: the class ${name} is deleted by a migration, and ${binding} is still bound to it`);
  }
  return Object.values(deleted);
}

function projectOf({ config, file, environment }: Arguments): Project | undefined {
  if (config !== undefined && !existsSync(config)) throw new Refusal(`there is no ${config}`);
  const folders = [...(file === undefined ? [] : [path.dirname(path.resolve(file))]), process.cwd()];
  const found = config === undefined ? findConfiguration(folders) : path.resolve(config);
  if (found !== undefined) return readProject(shown(found), environment);
  if (environment !== undefined) throw new Refusal(`--env ${environment} is of a configuration, and there is none`);
  return undefined;
}

/** One line says what is there, further ones what somebody should know. */
function linesOf({ file, name, bindings, services, vars, missing, deleted, notes }: Project, { applyDeletes }: Arguments): string[] {
  const parts = [
    ...Object.entries(bindings).map(([binding, className]) => `${binding} (${className})`),
    ...Object.entries(services).map(([binding, entrypoint]) => `${binding} (${entrypoint})`),
    ...Object.keys(vars),
  ];
  const lacking = [...missing].map(([binding, kind]) => `${binding} (${kind})`);
  const found = `${file}: ${name ?? 'a Worker'}${parts.length > 0 ? ` with ${parts.join(', ')}` : ''}${lacking.length > 0 ? `; not provided: ${lacking.join(', ')}` : ''}`;
  const fate = applyDeletes ? 'are deleted' : 'are left where they are (--apply-deletes deletes them)';
  const lost = Object.keys(deleted).map((className) => `the objects of the deleted class ${className} ${fate}`);
  return [found, ...[...notes, ...lost].map((note) => `${file}: ${note}`)];
}

/** From the folder where the command runs, if that is shorter. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}

function deleteAllDeletesAlarm(date: string | undefined, flags: readonly string[]): boolean {
  return flags.includes('delete_all_deletes_alarm') || date === undefined || date >= '2026-02-24';
}

/** What a configuration says of Durable Object classes: which have SQL, and which names they had. */

import type { ClassSettings } from '../durable/host';
import { ConfigurationError, type Fields, fields, list, text, texts } from './document';

export interface Classes {
  /** Of those that it names. */
  settings: Record<string, ClassSettings>;
  /** Those that are to be deleted, and all the names that each had. */
  deleted: Record<string, readonly string[]>;
}

/** From `migrations`, or from `exports`, of which there may be one. Throws a `ConfigurationError`. */
export function readClasses({ migrations, exports }: Fields, file: string): Classes {
  if (exports !== undefined && migrations !== undefined) {
    throw new ConfigurationError(`${file}: migrations and exports exclude each other: keep one of them`);
  }
  return exports === undefined ? fromMigrations(list(migrations, file, 'migrations'), file) : fromExports(fields(exports, file, 'exports'), file);
}

function fromMigrations(migrations: Fields[], file: string): Classes {
  const settings = new Map<string, Settings>();
  const deleted: Record<string, readonly string[]> = {};
  for (const [at, migration] of migrations.entries()) {
    const where = `migrations[${at}]`;
    for (const name of texts(migration['new_classes'], file, `${where}.new_classes`)) settings.set(name, { sql: false, formerly: [] });
    for (const name of texts(migration['new_sqlite_classes'], file, `${where}.new_sqlite_classes`)) settings.set(name, { sql: true, formerly: [] });
    for (const [index, renamed] of list(migration['renamed_classes'], file, `${where}.renamed_classes`).entries()) {
      const from = text(renamed['from'], file, `${where}.renamed_classes[${index}].from`);
      const to = text(renamed['to'], file, `${where}.renamed_classes[${index}].to`);
      rename(settings, from, to);
    }
    for (const name of texts(migration['deleted_classes'], file, `${where}.deleted_classes`)) {
      deleted[name] = [name, ...(settings.get(name)?.formerly ?? [])];
      settings.delete(name);
    }
    if (migration['transferred_classes'] !== undefined) {
      throw new ConfigurationError(`${file}: ${where}.transferred_classes: objects of another Worker cannot be taken over`);
    }
  }
  // One that is there again may have objects already.
  for (const name of settings.keys()) delete deleted[name];
  return { settings: Object.fromEntries(settings), deleted };
}

function fromExports(exports: Fields, file: string): Classes {
  const settings = new Map<string, Settings>();
  const deleted: Record<string, readonly string[]> = {};
  const renames: [string, string][] = [];
  for (const [name, value] of Object.entries(exports)) {
    const entry = fields(value, file, `exports.${name}`);
    if (entry['type'] !== 'durable-object') continue;
    const state = entry['state'];
    if (entry['renamed_to'] !== undefined) renames.push([name, text(entry['renamed_to'], file, `exports.${name}.renamed_to`)]);
    else if (state === 'deleted') deleted[name] = [name];
    else settings.set(name, { sql: entry['storage'] === undefined || entry['storage'] === 'sqlite', formerly: [] });
  }
  for (const [from, to] of renames) settings.set(to, { ...(settings.get(to) ?? { sql: true }), formerly: [...(settings.get(to)?.formerly ?? []), from] });
  return { settings: Object.fromEntries(settings), deleted };
}

interface Settings {
  sql: boolean;
  formerly: string[];
}

function rename(settings: Map<string, Settings>, from: string, to: string): void {
  const { sql, formerly } = settings.get(from) ?? { sql: true, formerly: [] };
  settings.delete(from);
  settings.set(to, { sql, formerly: [...formerly, from] });
}

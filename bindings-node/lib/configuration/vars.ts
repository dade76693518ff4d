/** Bindings that are kept out of the configuration, in a file beside it. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import util from 'node:util';
import { ConfigurationError } from './document';

/**
 * Those of the first file that there is. Throws a `ConfigurationError`.
 *
 * @param folders the configuration's, and the Worker's
 * @param environment whose own file comes before the one for all
 */
export function readVars(folders: readonly string[], environment?: string): Record<string, string> {
  const names = ['.dev.vars', '.env'].flatMap((name) => (environment === undefined ? [name] : [`${name}.${environment}`, name]));
  const files = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  const file = files.find((file) => existsSync(file));
  return file === undefined ? {} : parse(file);
}

function parse(file: string): Record<string, string> {
  const { parseEnv } = util as { parseEnv?(text: string): Record<string, string> };
  if (parseEnv === undefined) throw new ConfigurationError(`Node ${process.version} cannot read ${file}: that takes 20.12 or later`);
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')) };
  } catch (error) {
    throw new ConfigurationError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** The Worker's bindings: from the file beside it that holds them, and from the command's line. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import util from 'node:util';
import { Refusal } from './refusal';

/** @param module the Worker's */
export function readVars(module: string, given: Record<string, string>): Record<string, string> {
  const files = ['.dev.vars', '.env'].map((name) => path.join(path.dirname(module), name));
  const file = files.find((file) => existsSync(file));
  return { ...(file !== undefined && parse(file)), ...given };
}

function parse(file: string): Record<string, string> {
  const { parseEnv } = util as { parseEnv?(text: string): Record<string, string> };
  if (parseEnv === undefined) throw new Refusal(`Node ${process.version} cannot read ${file}: that takes 20.12 or later`);
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Reads a configuration file into plain values, and checks what is where. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';

/** Why a file cannot be used, in one line. */
export class ConfigurationError extends Error {}

export type Fields = Record<string, unknown>;

/** The fields of a `wrangler.json`, `.jsonc` or `.toml`. Throws a `ConfigurationError`. */
export function readDocument(file: string): Fields {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw new ConfigurationError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const value = path.extname(file) === '.toml' ? parseToml(text, file) : parseJson(text, file);
  return fields(value, file, '');
}

function parseToml(text: string, file: string): unknown {
  const toml: typeof import('smol-toml') = require('../vendored/smol-toml/index.cjs');
  try {
    return toml.parse(text);
  } catch (error) {
    const { line, column, message } = error as { line?: number; column?: number; message: string };
    throw new ConfigurationError(`${file}:${line ?? 1}:${column ?? 1}: ${message.split('\n', 1)[0]}`);
  }
}

function parseJson(text: string, file: string): unknown {
  const jsonc: typeof import('jsonc-parser') = require('../vendored/jsonc-parser/main.js');
  const errors: import('jsonc-parser').ParseError[] = [];
  const value: unknown = jsonc.parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return value;
  const before = text.slice(0, first.offset).split('\n');
  const what = jsonc.printParseErrorCode(first.error).replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  throw new ConfigurationError(`${file}:${before.length}:${before.at(-1)!.length + 1}: ${what}`);
}

/** The fields of an object at `where` in `file`. */
export function fields(value: unknown, file: string, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(file, where, 'an object', value);
}

/** The objects of a list, none where there is no list. */
export function list(value: unknown, file: string, where: string): Fields[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrong(file, where, 'a list', value);
  return value.map((entry, at) => fields(entry, file, `${where}[${at}]`));
}

export function text(value: unknown, file: string, where: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(file, where, 'a text', value);
  return value;
}

/** A list of texts, none where there is no list. */
export function texts(value: unknown, file: string, where: string): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrong(file, where, 'a list of texts', value);
  return value.map((entry, at) => text(entry, file, `${where}[${at}]`));
}

export function wrong(file: string, where: string, what: string, value: unknown): ConfigurationError {
  return new ConfigurationError(`${file}: ${where || 'the whole'} must be ${what}, not ${inspect(value, { depth: 0, breakLength: Infinity })}`);
}

/** SQLite's errors in the runtime's words: with the place of the fault, which libraries do not tell, and the code. */

import { primaryCode } from './result-codes';
import { byteOffset, isWord, nameOf, type Parsed, type Token } from './sql-text';
import { SqliteFailure } from './sqlite';

/** `prepare` throws for a part of the statement what SQLite throws for it. */
export function sqlError(error: unknown, statement?: Parsed, prepare?: (text: string) => unknown): unknown {
  if (!(error instanceof SqliteFailure)) return error;
  const { message, code } = error;
  const primary = primaryCode(code);
  const at = statement && placeOf(message, statement, prepare);
  const place = at === undefined ? '' : ` at offset ${byteOffset(statement!, at)}`;
  return new Error(`${message}${place}: ${primary}${code === primary ? '' : ` (extended: ${code})`}`);
}

function placeOf(message: string, statement: Parsed, prepare: ((text: string) => unknown) | undefined): number | undefined {
  const { tokens } = statement;
  const [, near] = /^near "([^]*)": syntax error$/.exec(message) ?? [];
  if (near !== undefined) return unexpected(near, message, statement, prepare);
  const [, unknown] = /^unrecognized token: "([^]*)"$/.exec(message) ?? [];
  if (unknown !== undefined) return (tokens.find(({ kind }) => kind === 'illegal') ?? tokens.find(({ text }) => text.startsWith(unknown)))?.at;
  const [, column] = /^(?:no such column|ambiguous column name): (.*)$/.exec(message) ?? [];
  if (column !== undefined) return columnPlace(column, tokens);
  const [, called] = /^no such function: (.*)$/.exec(message) ?? /^(?:wrong number of arguments to function (.*)\(\)|too many arguments on function .*)$/.exec(message) ?? [];
  if (called !== undefined) return calls(called, tokens).at(0) ?? operator(called, tokens);
  const [, crowded] = /^too many arguments on function (.*)$/.exec(message) ?? [];
  if (crowded !== undefined) return calls(crowded, tokens).at(0);
  const [, misused] = /^misuse of (?:aggregate function|aggregate|window function):? (.*)\(\)$/.exec(message) ?? [];
  if (misused !== undefined) return calls(misused, tokens).at(-1);
  const [, there] = /^(?:table|view|index) (.*) already exists$/.exec(message) ?? [];
  if (there !== undefined && !message.startsWith('index')) return tokens.find((token) => nameOf(token) === unquoted(there))?.at;
  return undefined;
}

/** The first token up to which SQLite has that complaint: the same may stand earlier, in its place. */
function unexpected(near: string, message: string, { text, tokens }: Parsed, prepare: ((text: string) => unknown) | undefined): number | undefined {
  const same = tokens.filter((token) => token.text === near);
  for (const token of same.slice(0, -1)) {
    try {
      prepare?.(text.slice(0, token.at + token.text.length));
    } catch (error) {
      if (error instanceof SqliteFailure && error.message === message) return token.at;
    }
  }
  return same.at(-1)?.at;
}

/** `a`, `t.a` or `"a"`, but not what an UPDATE or INSERT sets: there SQLite gives no place. */
function columnPlace(written: string, tokens: readonly Token[]): number | undefined {
  const parts = unquoted(written).split('.');
  const length = parts.length * 2 - 1;
  const index = tokens.findIndex((_, i) => parts.every((part, n) => nameOf(tokens[i + n * 2])?.toLowerCase() === part.toLowerCase() && (n === 0 || tokens[i + n * 2 - 1]?.text === '.')));
  if (index < 0) return undefined;
  const set = isWord(tokens[0], 'UPDATE') && tokens[index + length]?.text === '=' && (isWord(tokens[index - 1], 'SET') || tokens[index - 1]?.text === ',');
  return set ? undefined : tokens[index]!.at;
}

function calls(name: string, tokens: readonly Token[]): number[] {
  return tokens.filter((token, i) => nameOf(token) === name && tokens[i + 1]?.text === '(').map(({ at }) => at);
}

/** `REGEXP` and its like are operators, whose functions SQLite sees where they begin. */
function operator(name: string, tokens: readonly Token[]): number | undefined {
  const at = tokens.findIndex((token) => isWord(token, name.toUpperCase()));
  return tokens[at]?.at;
}

function unquoted(name: string): string {
  return /^".*"$/.test(name) ? name.slice(1, -1) : name;
}

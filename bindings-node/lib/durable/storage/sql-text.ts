/**
 * SQL as tokens and statements, as SQLite itself takes it apart: the libraries take one statement
 * at a time, or do not say where the next one begins, and bind by name what the runtime binds by
 * position.
 */

export type Kind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'sign' | 'illegal';

export interface Token {
  readonly kind: Kind;
  /** As it stands there. */
  readonly text: string;
  /** Where, in UTF-16 units of the statement. */
  readonly at: number;
}

export interface Parsed {
  readonly text: string;
  /** Without blanks and comments. */
  readonly tokens: readonly Token[];
  /** The names of its parameters by position: undefined of plain ones and of those that are left out. */
  readonly parameters: readonly (string | undefined)[];
}

// A word may have any character beyond ASCII in it, blanks of Unicode too.
const lexemes =
  /(?<blank>[ \t\n\f\r]+|--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<number>0[xX][0-9a-fA-F]+(?![\w$\u0080-\uffff])|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w$\u0080-\uffff]))|(?<parameter>\?[0-9]*|[:@$#][\w$\u0080-\uffff]+(?:::[\w$\u0080-\uffff]+)*)|(?<word>[xX]'(?:[0-9a-fA-F]{2})*'|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<illegal>[xX]?'[^]*$|["`[][^]*$|[:@$#!^{}\\]|[0-9][\w$\u0080-\uffff.]*)|(?<sign>->>|->|<=|>=|<>|<<|>>|==|\|\||[^])/gy;

/** The statements of a text, in order. What is empty is one without tokens. */
export function* statements(text: string): Generator<Parsed> {
  for (let rest = text; ; ) {
    const statement = firstOf(rest);
    yield statement;
    rest = rest.slice(statement.text.length).trimStart();
    if (rest === '') return;
  }
}

function firstOf(text: string): Parsed {
  const tokens: Token[] = [];
  let inTrigger = false;
  for (const { 0: found, index, groups } of text.matchAll(lexemes)) {
    const kind = Object.keys(groups!).find((name) => groups![name] !== undefined) as Kind | 'blank';
    if (kind === 'blank') continue;
    if (found !== ';') {
      tokens.push({ kind, text: found, at: index });
      if (tokens.length < 5 && isWord(tokens.at(-1), 'TRIGGER') && beginsCreate(tokens)) inTrigger = true;
      continue;
    }
    // What stands before the first statement belongs to it.
    if (tokens.length === 0) continue;
    // The body of a trigger has semicolons, the last of them before its END.
    if (inTrigger && !(isWord(tokens.at(-1), 'END') && tokens.at(-2)?.text === ';')) {
      tokens.push({ kind: 'sign', text: found, at: index });
      continue;
    }
    return parsed(text.slice(0, index + 1), tokens);
  }
  return parsed(text, tokens);
}

function beginsCreate(tokens: readonly Token[]): boolean {
  const start = isWord(tokens[0], 'EXPLAIN') ? 1 : 0;
  return isWord(tokens[start], 'CREATE');
}

export function isWord(token: Token | undefined, ...words: string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase());
}

/** What a token names, if it can be a name. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token === undefined) return undefined;
  const { kind, text } = token;
  if (kind === 'word') return text;
  if (kind !== 'quoted' && kind !== 'string') return undefined;
  const end = text.at(-1)!;
  return text.slice(1, -1).replaceAll(end + end, end);
}

function parsed(text: string, tokens: readonly Token[]): Parsed {
  const parameters: (string | undefined)[] = [];
  for (const token of tokens) {
    if (token.kind !== 'parameter') continue;
    if (token.text === '?') parameters.push(undefined);
    else if (token.text.startsWith('?')) {
      const position = Number(token.text.slice(1));
      // Too high a number is refused later, and must not make a long list here.
      if (position < 1 || position > MOST_PARAMETERS) continue;
      while (parameters.length < position) parameters.push(undefined);
      parameters[position - 1] = token.text;
    } else if (!parameters.includes(token.text)) parameters.push(token.text);
  }
  return { text, tokens, parameters };
}

export const MOST_PARAMETERS = 100;

/** Where in the bytes of a statement something stands: SQLite counts those. */
export function byteOffset(statement: Parsed, at: number): number {
  return Buffer.byteLength(statement.text.slice(0, at));
}

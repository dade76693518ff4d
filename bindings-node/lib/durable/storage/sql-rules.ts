/**
 * What programs may not do with SQL. The runtime asks SQLite's authorizer, which the libraries do
 * not have everywhere: here the tokens are looked at.
 */

import { byteOffset, isWord, MOST_PARAMETERS, nameOf, type Parsed, type Token } from './sql-text';

const NOT_AUTHORIZED = 'not authorized: SQLITE_AUTH';

const TRANSACTIONS =
  'To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects\' automatic atomic write coalescing.';

const pragmas = new Set([
  'case_sensitive_like', 'data_version', 'defer_foreign_keys', 'foreign_key_check', 'foreign_key_list', 'foreign_keys', 'ignore_check_constraints',
  'index_info', 'index_list', 'index_xinfo', 'legacy_alter_table', 'optimize', 'page_size', 'quick_check', 'recursive_triggers',
  'reverse_unordered_selects', 'table_info', 'table_list', 'table_xinfo',
]);

const modules = new Set(['fts5', 'fts5vocab', 'rtree', 'rtree_i32', 'geopoly']);

/** Those of SQLite that the runtime refuses, and those that some libraries add to it. */
const refusedFunctions = new Set(['sqlite_version', 'sqlite_source_id', 'sqlite_compileoption_used', 'sqlite_compileoption_get', 'sqlite_log', 'subtype', 'rtreenode', 'rtreedepth', 'rtreecheck', 'fts5_source_id']);
const absentFunctions = new Set(['fts3_tokenizer', 'soundex', 'sqlite_offset', 'median', 'percentile', 'percentile_cont', 'percentile_disc', 'readfile', 'writefile', 'edit', 'offsets', 'matchinfo']);
const absentTables = new Set(['dbstat', 'sqlite_dbpage', 'sqlite_stmt', 'bytecode', 'tables_used', 'completion']);

/** Where this package keeps its own in the same database. */
const hidden = new Map([
  ['_cf_kv', 'access to _cf_KV.key is prohibited: SQLITE_AUTH'],
  ['_cf_metadata', 'no such table: _cf_METADATA: SQLITE_ERROR'],
]);

/**
 * Throws what the runtime throws for a statement that it refuses.
 *
 * @param hasKeys whether there is a table of keys, which is made by the first of them
 */
export function refuseForbidden(statement: Parsed, hasKeys: () => boolean): void {
  const { tokens } = statement;
  const first = isWord(tokens[0], 'EXPLAIN') ? (isWord(tokens[1], 'QUERY') ? tokens[3] : tokens[1]) : tokens[0];
  if (isWord(first, 'BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE')) throw new Error(TRANSACTIONS);
  if (isWord(first, 'ATTACH', 'DETACH')) throw new Error(NOT_AUTHORIZED);
  if (isWord(first, 'VACUUM')) throw new Error('cannot VACUUM from within a transaction: SQLITE_ERROR');
  if (isWord(first, 'PRAGMA')) refusePragma(tokens, tokens.indexOf(first!));
  if (isWord(first, 'CREATE')) refuseCreation(tokens, tokens.indexOf(first!));
  tokens.forEach((token, i) => {
    refuseName(statement, first, i, hasKeys);
    if (token.kind === 'parameter') refuseParameter(statement, token, i);
  });
}

function refusePragma(tokens: readonly Token[], at: number): void {
  const name = tokens[at + 2]?.text === '.' ? tokens[at + 3] : tokens[at + 1];
  if (!pragmas.has(nameOf(name)?.toLowerCase() ?? '')) throw new Error(NOT_AUTHORIZED);
}

function refuseCreation(tokens: readonly Token[], at: number): void {
  if (isWord(tokens[at + 1], 'TEMP', 'TEMPORARY')) throw new Error(NOT_AUTHORIZED);
  let i = at + 1;
  while (isWord(tokens[i], 'UNIQUE', 'VIRTUAL', 'TABLE', 'INDEX', 'VIEW', 'TRIGGER', 'IF', 'NOT', 'EXISTS')) i++;
  if (tokens[i + 1]?.text === '.') {
    if (nameOf(tokens[i])?.toLowerCase() === 'temp') throw new Error(NOT_AUTHORIZED);
    i += 2;
  }
  if (isReserved(tokens[i])) throw new Error(NOT_AUTHORIZED);
  if (isWord(tokens[at + 1], 'VIRTUAL') && isWord(tokens[i + 1], 'USING')) {
    const name = nameOf(tokens[i + 2])?.toLowerCase();
    if (name !== undefined && !modules.has(name)) throw new Error(NOT_AUTHORIZED);
  }
}

function isReserved(token: Token | undefined): boolean {
  return nameOf(token)?.toLowerCase().startsWith('_cf_') ?? false;
}

function refuseName(statement: Parsed, first: Token | undefined, i: number, hasKeys: () => boolean): void {
  const { tokens } = statement;
  const token = tokens[i]!;
  const name = nameOf(token)?.toLowerCase();
  if (name === undefined) return;
  const before = tokens[i - 1];
  if (token.kind === 'string' && !(before?.text === '.' || isWord(before, 'FROM', 'JOIN', 'INTO', 'UPDATE', 'TABLE', 'ON', 'INDEX', 'EXISTS', 'REFERENCES', 'TO'))) return;
  const secret = hidden.get(name);
  if (name === '_cf_kv' && !hasKeys()) throw new Error('no such table: _cf_KV: SQLITE_ERROR');
  if (secret !== undefined) throw new Error(isWord(first, 'SELECT', 'WITH', 'VALUES') ? secret : NOT_AUTHORIZED);
  if (name.startsWith('_cf_') && isWord(before, 'TO')) throw new Error(NOT_AUTHORIZED);
  if (name.startsWith('pragma_') && !pragmas.has(name.slice('pragma_'.length))) throw new Error(NOT_AUTHORIZED);
  if (absentTables.has(name) && (isWord(before, 'FROM', 'JOIN', 'INTO') || before?.text === '.')) throw new Error(`no such table: ${nameOf(token)}: SQLITE_ERROR`);
  if (tokens[i + 1]?.text !== '(' || token.kind === 'string') return;
  const at = `at offset ${byteOffset(statement, token.at)}: SQLITE_ERROR`;
  if (name === 'load_extension') throw new Error('not authorized: SQLITE_ERROR');
  if (refusedFunctions.has(name)) throw new Error(`not authorized to use function: ${nameOf(token)} ${at}`);
  if (absentFunctions.has(name)) throw new Error(`no such function: ${nameOf(token)} ${at}`);
}

function refuseParameter(statement: Parsed, token: Token, i: number): void {
  const at = `at offset ${byteOffset(statement, token.at)}: SQLITE_ERROR`;
  const number = token.text.length > 1 && token.text.startsWith('?') ? Number(token.text.slice(1)) : undefined;
  if (number !== undefined && (number < 1 || number > MOST_PARAMETERS)) throw new Error(`variable number must be between ?1 and ?${MOST_PARAMETERS} ${at}`);
  if (statement.parameters.length <= MOST_PARAMETERS || number !== undefined) return;
  // Which one is too many is found only when there are.
  const before = statement.tokens.slice(0, i).filter(({ kind }) => kind === 'parameter').length;
  if (before === MOST_PARAMETERS) throw new Error(`too many SQL variables ${at}`);
}

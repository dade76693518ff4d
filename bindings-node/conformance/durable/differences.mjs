// Rows that say something else than in workerd: what they say here, the whole of it or some of its
// parts by their places, and why. `where`: only with these stores.

const better = ({ sqlite }) => sqlite === 'better-sqlite3';
const node = ({ sqlite }) => sqlite === 'node:sqlite';
const node22 = ({ sqlite, major }) => sqlite === 'node:sqlite' && major < 24;
/** Node takes SQLite's limits from 24 on. */
const unlimited = (here) => better(here) || node22(here);
const noLimit = 'the library has no way to set this limit of SQLite';

export const differences = [
  {
    program: 'kv',
    row: 'put of a Response',
    said: 'threw DOMException/DataCloneError: Could not serialize object of type "Response". This type does not support serialization.',
    why: 'refused as a whole, not because of the stream in it',
  },
  {
    program: 'kv',
    row: 'put of Headers',
    said: 'threw DOMException/DataCloneError: Could not serialize object of type "Headers". This type does not support serialization.',
    why: 'values of the platform are not stored',
  },
  { program: 'kv', row: 'errors are kept', said: '[true, "no", undefined]', why: "V8's serialization leaves out what was added to an error" },
  { program: 'kv', row: 'a key with a lone surrogate', said: '[1, 1, [65533]]', why: 'it is U+FFFD from the beginning' },
  {
    program: 'kv',
    row: 'deleteAll in a synchronous transaction',
    said: 'rejected Error: Cannot call deleteAll() within a transaction; 1',
    why: 'workerd fails with an internal error, and resets the object',
  },
  { program: 'sql', row: 'rows written with an index', said: '[2, 1, 1, 1]', why: 'the libraries do not count entries of indexes: of UPDATE they are not known' },
  { program: 'sql', row: 'rows read by a condition', said: '1', why: 'the libraries do not count rows that were looked at and not given' },
  { program: 'sql', row: 'returning that is not read', said: '{n: 5}', why: 'workerd cannot commit while it is not at its end, and resets the object' },
  { program: 'sql', row: 'bind strings', where: (here) => node(here) && !node22(here), said: '{a: "a\\u0000b", b: 1, c: "😀", d: "�"}', why: 'a lone surrogate is one U+FFFD' },
  { program: 'sql', row: 'bind strings', where: node22, said: '{a: "a", b: 1, c: "😀", d: "�"}', why: 'the same, and Node 22 ends a text that it reads at a NUL' },
  {
    program: 'sql',
    row: 'bind buffers',
    where: node22,
    said: '{a: ArrayBuffer(9), b: ArrayBuffer(2,3), c: "null", d: ArrayBuffer(1,0)}',
    why: 'Node 22 binds a blob of no bytes as NULL',
  },
  {
    program: 'sql',
    row: 'names that are missing',
    where: better,
    said: { 15: 'threw Error/Error: no such column: "nope" - should this be a string literal in single-quotes?: SQLITE_ERROR' },
    why: 'better-sqlite3 is built without texts in double quotes',
  },
  { program: 'sql', row: 'analyze, reindex', where: better, said: { 3: '[{name: "sqlite_stat1"}, {name: "sqlite_stat4"}, {name: "t"}]' }, why: 'better-sqlite3 is built with more statistics' },
  { program: 'sql', row: 'limits: columns', where: unlimited, said: { 3: '101 []' }, why: noLimit },
  { program: 'sql', row: 'limits: arguments of a function', where: unlimited, said: { 3: '128 [{n: 1}]', 4: '129 [{n: 1}]' }, why: noLimit },
  { program: 'sql', row: 'limits: patterns', where: unlimited, said: { 1: '[{v: 0}]', 2: '[{v: 0}]' }, why: noLimit },
  { program: 'sql', row: 'limits: depth and terms', where: unlimited, said: { 1: '6 6', 2: '100 100', 6: '110 [{a: 110}]' }, why: noLimit },
  { program: 'sql', row: 'limits: blobs', where: unlimited, said: { 2: '[]' }, why: noLimit },
  {
    program: 'sql',
    row: 'names that begin with _cf_',
    said: { 14: 'threw Error/Error: not authorized: SQLITE_AUTH', 15: 'threw Error/Error: no such table: v: SQLITE_ERROR' },
    why: 'a view of the hidden table is refused when it is made, not when it is read',
  },
  { program: 'sql', row: 'temporary tables', said: { 4: 'threw Error/Error: not authorized: SQLITE_AUTH' }, why: 'that it is temporary is seen before that its table is missing' },
  {
    program: 'calls',
    row: 'thrown with what cannot come over',
    said: '["Error", "with foo", ["durableObjectId", "remote"]]',
    why: 'what an error has that cannot come over is left out',
  },
  { program: 'calls', row: 'order of calls', said: '[1, 2, "3", 4]', why: 'calls begin in the order in which they were made, of whichever kind' },
];

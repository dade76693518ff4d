// SQL that is seldom written: values, types, cursors, errors, transactions around it.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, show } from '../rows.mjs';

/** Each text by itself: what it gives or throws. */
const each = (...texts) => async ({ sql }, { note, tried }) => {
  for (const text of texts) note(await tried(() => sql.exec(text).toArray()));
};

export const rows = {
  'numbers in text': each("SELECT 1 AS a, 1.0 AS b, 1e3 AS c, 0x10 AS d, '1' AS e, -0.0 AS f, 1e400 AS g, -1e400 AS h, 0.1 + 0.2 AS i"),
  'integers at the edges': each('SELECT 9007199254740991 AS a, 9007199254740992 AS b, 9007199254740993 AS c, 9223372036854775807 AS d, -9223372036854775808 AS e'),
  'integers that overflow': each('SELECT 9223372036854775807 + 1 AS a', 'SELECT abs(-9223372036854775808) AS a', 'SELECT sum(a) AS s FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 1)'),
  'division': each('SELECT 1 / 0 AS a, 1 % 0 AS b, 5 / 2 AS c, 5.0 / 2 AS d, -5 / 2 AS e, 5 % -3 AS f'),
  'booleans': each('SELECT true AS a, false AS b, 1 = 1 AS c, NULL = NULL AS d, NULL IS NULL AS e'),
  'casts': each("SELECT CAST('12abc' AS INTEGER) AS a, CAST('x' AS REAL) AS b, CAST(1.9 AS INTEGER) AS c, CAST(5 AS TEXT) AS d, CAST('ab' AS BLOB) AS e, CAST(x'6162' AS TEXT) AS f"),
  'blobs': each("SELECT x'' AS a, x'00ff' AS b, zeroblob(3) AS c, hex(x'0a') AS d, length(x'0000') AS e, typeof(x'') AS f"),
  'texts': each("SELECT '' AS a, 'it''s' AS b, 'é' AS c, length('😀') AS d, upper('ß') AS e, char(0) AS f, 'a' || NULL AS g, unicode('A') AS h"),
  'dates of SQLite': each("SELECT date(0, 'unixepoch') AS a, datetime(1.5, 'unixepoch', 'subsec') AS b, strftime('%Y-%m', '2026-01-02') AS c, julianday('2000-01-01') AS d, unixepoch('1970-01-02') AS e"),
  'json': each("SELECT json('{\"a\":1}') AS a, json_extract('{\"a\":[1,2]}', '$.a[1]') AS b, '{\"a\":5}' -> 'a' AS c, '{\"a\":5}' ->> 'a' AS d, json_array(1, 'x') AS e, json_valid('x') AS f", "SELECT json('nope')", "SELECT key, value, type FROM json_each('[1, \"a\", null]')", "SELECT json_group_array(a) AS g FROM (SELECT 1 AS a UNION SELECT 2)"),
  'window functions': each('SELECT a, row_number() OVER (ORDER BY a DESC) AS n, sum(a) OVER (ORDER BY a) AS s FROM (SELECT 1 AS a UNION SELECT 2 UNION SELECT 3) ORDER BY a'),
  'common tables': each('WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT group_concat(n) AS g FROM c', 'WITH a AS MATERIALIZED (SELECT 1 AS x) SELECT * FROM a'),
  'joins': each('CREATE TABLE a (id, v); CREATE TABLE b (id, w); INSERT INTO a VALUES (1, 10), (2, 20); INSERT INTO b VALUES (2, 200), (3, 300)', 'SELECT * FROM a JOIN b USING (id)', 'SELECT a.id, b.id FROM a LEFT JOIN b ON a.id = b.id ORDER BY 1', 'SELECT * FROM a FULL OUTER JOIN b ON a.id = b.id ORDER BY a.id', 'SELECT a.*, b.* FROM a, b WHERE a.id = b.id'),
  'limits and offsets': each('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)', 'SELECT a FROM t ORDER BY a LIMIT 1 OFFSET 1', 'SELECT a FROM t LIMIT -1', 'SELECT a FROM t LIMIT 0', "SELECT a FROM t LIMIT 'x'"),
  'like and glob': each("SELECT 'Abc' LIKE 'aB%' AS a, 'é' LIKE 'É' AS b, 'abc' GLOB 'A*' AS c, 'a_b' LIKE 'a\\_b' ESCAPE '\\' AS d", "SELECT 'a' REGEXP 'a'", "SELECT 'a' MATCH 'a'"),
  'collations': each("SELECT 'a' = 'A' COLLATE NOCASE AS a, 'a ' = 'a' COLLATE RTRIM AS b", "SELECT 'a' COLLATE NOPE"),
  'strict tables': each('CREATE TABLE t (a INTEGER, b TEXT, c ANY) STRICT', "INSERT INTO t VALUES ('x', 'y', 1)", 'INSERT INTO t VALUES (1, 2, x\'00\') RETURNING *', 'CREATE TABLE u (a FOO) STRICT'),
  'without rowid': each('CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID', "INSERT INTO t VALUES ('x', 1)", 'SELECT rowid FROM t', 'SELECT * FROM t'),
  'check, default, not null': each("CREATE TABLE t (a INTEGER NOT NULL DEFAULT 7 CHECK (a > 0), b TEXT DEFAULT (upper('x')), c DEFAULT CURRENT_TIMESTAMP)", 'INSERT INTO t DEFAULT VALUES RETURNING a, b, length(c) AS c', 'INSERT INTO t (a) VALUES (0)', 'INSERT INTO t (a) VALUES (NULL)'),
  'unique of many columns': each('CREATE TABLE t (a, b, UNIQUE (a, b))', 'INSERT INTO t VALUES (1, 2)', 'INSERT INTO t VALUES (1, 2)', 'INSERT OR IGNORE INTO t VALUES (1, 2)', 'INSERT OR REPLACE INTO t VALUES (1, 2) RETURNING rowid', 'INSERT INTO t VALUES (1, 2) ON CONFLICT DO NOTHING', 'INSERT INTO t VALUES (1, 2) ON CONFLICT (a, b) DO UPDATE SET b = 3 RETURNING *'),
  'partial and expression indexes': each('CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (lower(a)) WHERE b IS NULL', "INSERT INTO t VALUES ('X', NULL)", "INSERT INTO t VALUES ('x', NULL)", "INSERT INTO t VALUES ('x', 1)"),
  'errors in expressions': each('SELECT', 'SELECT 1 +', 'SELECT (', 'SELECT 1 AS', "SELECT 'open", 'SELECT "open', 'SELECT [a', 'SELECT a.b.c.d', 'SELECT count(*, 1)', 'SELECT nope(1)', 'SELECT max()', 'SELECT 1 ORDER BY 2', 'SELECT 1 GROUP BY 2', 'SELECT sum(count(*))', 'SELECT * FROM', 'SELECT * FROM t', 'SELECT 1 UNION SELECT 1, 2', 'VALUES (1), (2, 3)'),
  'errors in statements': each('CREATE TABLE t (a)', 'CREATE TABLE t (b)', 'CREATE TABLE IF NOT EXISTS t (b)', 'CREATE TABLE u ()', 'CREATE TABLE u (a, a)', 'DROP TABLE nope', 'DROP TABLE IF EXISTS nope', 'DROP INDEX nope', 'DROP VIEW t', 'ALTER TABLE nope ADD COLUMN a', 'ALTER TABLE t ADD COLUMN a', 'ALTER TABLE t DROP COLUMN nope', 'ALTER TABLE t DROP COLUMN a', 'ALTER TABLE t RENAME TO v', 'INSERT INTO v VALUES (1, 2)', 'INSERT INTO v (nope) VALUES (1)', 'UPDATE v SET nope = 1', 'DELETE FROM nope', 'CREATE INDEX i ON v (nope)', 'CREATE TRIGGER x AFTER INSERT ON nope BEGIN SELECT 1; END'),
  'where a syntax error is': each('SELEC 1', '   SELEC 1', '\nSELECT 1 FRM', 'SELECT 1; SELEC 2', '-- c\nSELECT é FROM', 'SELECT 1 WHERE'),
  'a trigger': each('CREATE TABLE t (a); CREATE TABLE log (m)', "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('in ' || NEW.a); SELECT 1; END", 'INSERT INTO t VALUES (5)', 'SELECT * FROM log', 'DROP TRIGGER x'),
  'vacuum, pragma, explain': each('VACUUM', 'PRAGMA user_version', 'PRAGMA user_version = 3', 'PRAGMA page_count', 'PRAGMA journal_mode', 'PRAGMA foreign_keys', 'PRAGMA case_sensitive_like = ON', 'PRAGMA quick_check', 'PRAGMA integrity_check', 'PRAGMA table_xinfo(t)', 'PRAGMA function_list', 'PRAGMA nope', 'PRAGMA encoding', 'PRAGMA cache_size', 'PRAGMA busy_timeout', 'PRAGMA table_list', 'PRAGMA compile_options', 'pragma TABLE_INFO("t")'),
  'pragmas as tables': each("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)", "SELECT name, type, pk FROM pragma_table_info('t')", 'SELECT * FROM pragma_user_version', 'SELECT name FROM pragma_table_list WHERE name NOT LIKE \'sqlite%\' ORDER BY 1'),
  'savepoints and their like': each('SAVEPOINT a', 'RELEASE a', 'ROLLBACK', 'ROLLBACK TO a', 'COMMIT', 'END', 'BEGIN IMMEDIATE', 'begin exclusive', '/* c */ BEGIN', 'SELECT 1; COMMIT'),
  'attach': each("ATTACH ':memory:' AS m", "ATTACH DATABASE 'x' AS y", 'DETACH main'),
  'hidden tables': each('SELECT * FROM _cf_KV', 'SELECT name FROM sqlite_master', 'SELECT name FROM sqlite_schema', 'CREATE TABLE _cf_x (a)', 'CREATE TABLE "_CF_x" (a)', 'SELECT * FROM sqlite_sequence', 'DELETE FROM sqlite_master', 'CREATE TABLE sqlite_x (a)'),
  'aliases': async ({ sql }) => {
    const cursor = sql.exec('SELECT 1 AS "", 2 AS " a ", 3 AS "é", 4 AS "a""b", 5 AS \'q\', 6 AS [br]');
    return [cursor.columnNames, show(cursor.one())];
  },
  'names of expressions': async ({ sql }) => sql.exec("SELECT 1+1, 'x', NULL, count(*), (SELECT 5), max(1,2), x'00', -1, 1 IS NULL").columnNames,
  'bind what is inherited': async ({ sql }, { note, tried }) => {
    for (const value of [new Date(0), /a/, [1, 2], new Map(), { toString: () => 'mine' }, new String('boxed'), new Number(5), Object(true), () => 1, Object.create(null), new URL('http://x/')]) note(await tried(() => show(sql.exec('SELECT ? AS v, typeof(?) AS t', value, value).one())));
  },
  'bind views': async ({ sql }, { note, tried }) => {
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const value of [bytes.subarray(2, 4), new DataView(bytes.buffer, 1, 2), new Float64Array([1]), new Uint16Array([258]), new ArrayBuffer(0), new BigInt64Array([1n])]) note(await tried(() => show(sql.exec('SELECT ? AS v, length(?) AS n', value, value).one())));
  },
  'a blob that is changed afterwards': async ({ sql }) => {
    const bytes = new Uint8Array([1, 2]);
    sql.exec('CREATE TABLE t (b)');
    sql.exec('INSERT INTO t VALUES (?)', bytes);
    bytes[0] = 9;
    const got = sql.exec('SELECT b FROM t').one().b;
    new Uint8Array(got)[1] = 8;
    return [show(got), show(sql.exec('SELECT b FROM t').one())];
  },
  'bind numbers of every kind': async ({ sql }) => show(sql.exec('SELECT ? AS a, ? AS b, ? AS c, typeof(?) AS d, ? AS e, ? = 1 AS f, ? = ? AS g', 2 ** 31, 2 ** 53 + 2, 1e-320, 5, -0, 1, 0.1, 0.1).one()),
  'numbers in an INTEGER column': async ({ sql }) => {
    sql.exec('CREATE TABLE t (i INTEGER, r REAL, n NUMERIC, t TEXT, b BLOB, x)');
    sql.exec('INSERT INTO t VALUES (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?)', 1, 1, 1, 1, 1, 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5);
    return [show(sql.exec('SELECT * FROM t').toArray()), show([...sql.exec('SELECT typeof(i), typeof(r), typeof(n), typeof(t), typeof(b), typeof(x) FROM t').raw()])];
  },
  'texts in an INTEGER column': async ({ sql }) => {
    sql.exec('CREATE TABLE t (i INTEGER, k INTEGER PRIMARY KEY)');
    sql.exec('INSERT INTO t (i) VALUES (?), (?), (?)', '12', 'abc', '1.0');
    return show(sql.exec('SELECT i, typeof(i) AS t FROM t').toArray());
  },
  'a text as a key': async ({ sql }, { tried }) => {
    sql.exec('CREATE TABLE t (k INTEGER PRIMARY KEY)');
    return tried(() => sql.exec('INSERT INTO t VALUES (?)', 'abc'));
  },
  'named parameters': async ({ sql }, { note, tried }) => {
    for (const [text, ...args] of [['SELECT :a AS x, :a AS y', 1], ['SELECT $a AS x', 2], ['SELECT @a AS x', 3], ['SELECT ?1 AS x, ?1 AS y', 4], ['SELECT ?2 AS x', 1, 2], ['SELECT :a, ?', 1, 2], ['SELECT ?3, ?1', 1, 2, 3]]) note(await tried(() => show(sql.exec(text, ...args).toArray())));
    note(await tried(() => sql.exec('SELECT :a AS x', { a: 1 }).toArray()), await tried(() => sql.exec('SELECT ? AS x', [1]).toArray()));
  },
  'exec without a text': async ({ sql }, { note, tried }) => {
    for (const value of ['', ' ', ';', ';;', '-- c', '/* c */', '/* open', ' ; SELECT 1 AS a', 'SELECT 1 AS a;;', 'SELECT 1 AS a; ', 'SELECT 1 AS a; ;', null, undefined, 5, {}, ['SELECT 1 AS a'], new String('SELECT 1 AS a')]) note(await tried(() => show(sql.exec(value).toArray())));
  },
  'what exec is given with this': async ({ sql }, { tried }) => {
    const { exec } = sql;
    return tried(() => exec('SELECT 1'));
  },
  'methods of a cursor': async ({ sql }, { note, tried }) => {
    const cursor = sql.exec('SELECT 1 AS a UNION SELECT 2 UNION SELECT 3');
    note(typeof cursor.map, typeof cursor.forEach, typeof cursor.return, typeof cursor.take, cursor.length, typeof cursor[Symbol.iterator], typeof cursor.columnNames, cursor.columnNames === cursor.columnNames);
    note(await tried(() => cursor.map(({ a }) => a * 2).toArray()), await tried(() => cursor.toArray()));
  },
  'spread, and then on': ({ sql }) => {
    const cursor = sql.exec('SELECT 1 AS a UNION SELECT 2');
    return [[...cursor], [...cursor], cursor.next()];
  },
  'a cursor between next and raw': ({ sql }) => {
    const cursor = sql.exec('SELECT 1 AS a UNION SELECT 2 UNION SELECT 3');
    const first = cursor.next();
    const raw = cursor.raw();
    const second = raw.next();
    return [first, second, cursor.next(), raw.next()];
  },
  'one after next': async ({ sql }, { note, tried }) => {
    const cursor = sql.exec('SELECT 1 AS a UNION SELECT 2');
    cursor.next();
    note(await tried(() => cursor.one()));
    const other = sql.exec('SELECT 1 AS a');
    other.next();
    note(await tried(() => other.one()));
  },
  'raw with one and columns': async ({ sql }, { note, tried }) => {
    const raw = sql.exec('SELECT 1 AS a, 2 AS b').raw();
    note(await tried(() => raw.one?.()), await tried(() => raw.columnNames), await tried(() => raw.toArray()), Object.getOwnPropertyNames(Object.getPrototypeOf(raw)).sort());
  },
  'a row is a plain object': ({ sql }) => {
    const [row] = sql.exec('SELECT 1 AS a, 2 AS toString');
    row.c = 5;
    return [Object.keys(row), delete row.a, Object.isFrozen(row), Object.hasOwn(row, 'toString')];
  },
  'many rows': ({ sql }) => {
    const rows = sql.exec('WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50000) SELECT n FROM c').toArray();
    return [rows.length, rows.at(-1)];
  },
  'counts of cursors that are not at their end': ({ sql }) => {
    sql.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)');
    const cursor = sql.exec('SELECT a FROM t');
    const counts = [cursor.rowsRead];
    cursor.next();
    counts.push(cursor.rowsRead);
    cursor.toArray();
    return [...counts, cursor.rowsRead, cursor.rowsWritten];
  },
  'rows written by upsert, replace and trigger': ({ sql }) => {
    sql.exec('CREATE TABLE t (a PRIMARY KEY, b)');
    return ["INSERT INTO t VALUES (1, 1)", "INSERT OR REPLACE INTO t VALUES (1, 2)", "INSERT OR IGNORE INTO t VALUES (1, 3)", 'DELETE FROM t', 'DELETE FROM t'].map((text) => sql.exec(text).rowsWritten);
  },
  'an error in the middle of several': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec('CREATE TABLE a (x); INSERT INTO a VALUES (1); INSERT INTO nope VALUES (1); INSERT INTO a VALUES (2)')));
    note(await tried(() => sql.exec('SELECT * FROM a').toArray()));
  },
  'an error in a transactionSync that is caught': async ({ sql, storage }, { tried }) => {
    sql.exec('CREATE TABLE t (a UNIQUE)');
    storage.transactionSync(() => {
      sql.exec('INSERT INTO t VALUES (1)');
      try {
        sql.exec('INSERT INTO t VALUES (1)');
      } catch {}
      sql.exec('INSERT INTO t VALUES (2)');
    });
    return tried(() => sql.exec('SELECT a FROM t').toArray());
  },
  'transactionSync in transaction': async ({ sql, storage }, { note, tried }) => {
    sql.exec('CREATE TABLE t (a)');
    note(
      await tried(() =>
        storage.transaction(async () => {
          sql.exec('INSERT INTO t VALUES (1)');
          await tried(() => storage.transactionSync(() => { sql.exec('INSERT INTO t VALUES (2)'); throw new Error('inner'); }));
          return sql.exec('SELECT a FROM t').toArray();
        }),
      ),
    );
    return sql.exec('SELECT a FROM t').toArray();
  },
  'sql in a transaction that is rolled back': async ({ sql, storage }) => {
    sql.exec('CREATE TABLE t (a)');
    await storage.transaction(async (txn) => {
      sql.exec('INSERT INTO t VALUES (1)');
      await storage.put('k', 1);
      txn.rollback();
    });
    return [sql.exec('SELECT a FROM t').toArray(), show(await storage.get('k'))];
  },
  'transactionSync that gives a promise': async ({ storage }, { note, tried }) => {
    note(await tried(async () => await storage.transactionSync(() => Promise.resolve(5))), await tried(() => storage.transactionSync(() => 7)), await tried(() => storage.transactionSync(async () => { throw new Error('rejected'); })));
  },
  'a schema made twice': ({ sql }) => {
    for (let n = 0; n < 2; n++) sql.exec('CREATE TABLE IF NOT EXISTS t (a); CREATE INDEX IF NOT EXISTS i ON t (a)');
    return sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name").toArray();
  },
  'deleteAll takes tables, indexes, views and triggers': async ({ sql, storage }) => {
    sql.exec('CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT * FROM t; CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO t (b) VALUES (1)');
    sql.exec('CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END');
    await storage.put('k', 1);
    await storage.deleteAll();
    sql.exec('CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b)');
    return [sql.exec('INSERT INTO t (b) VALUES (1) RETURNING a').one(), show(await storage.get('k')), sql.exec("SELECT name FROM sqlite_master WHERE type <> 'table' ORDER BY 1").toArray()];
  },
  'a cursor across deleteAll': async ({ sql, storage }, { note, tried }) => {
    sql.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)');
    const cursor = sql.exec('SELECT a FROM t');
    cursor.next();
    await storage.deleteAll();
    note(await tried(() => cursor.next()), await tried(() => sql.exec('SELECT a FROM t').toArray()));
  },
  'a cursor across its own changes': ({ sql }) => {
    sql.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)');
    const seen = [];
    for (const { a } of sql.exec('SELECT a FROM t')) {
      seen.push(a);
      sql.exec('UPDATE t SET b = 1 WHERE a = ?', a);
      if (a === 1) sql.exec('DELETE FROM t WHERE a = 2');
    }
    return [seen, sql.exec('SELECT * FROM t').toArray()];
  },
  'databaseSize': ({ sql }, { note }) => {
    const before = sql.databaseSize;
    sql.exec('CREATE TABLE t (a)');
    note(before, sql.databaseSize - before, typeof sql.databaseSize);
    sql.exec('DROP TABLE t');
    return sql.databaseSize;
  },
  'big numbers of things': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec(`SELECT ${Array.from({ length: 100 }, () => '?').join(', ')}`, ...Array.from({ length: 100 }, (_, i) => i)).columnNames.length));
    note(await tried(() => sql.exec(`SELECT ${Array.from({ length: 101 }, () => '?').join(', ')}`, ...Array.from({ length: 101 }, (_, i) => i)).columnNames.length));
    note(await tried(() => sql.exec(`SELECT '${'x'.repeat(99_980)}' AS a`).one().a.length), await tried(() => sql.exec(`SELECT '${'x'.repeat(100_001)}' AS a`).one().a.length));
  },
};

export class Obj extends DurableObject {
  run(name) {
    return line(rows[name], { sql: this.ctx.storage.sql, storage: this.ctx.storage });
  }
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).run(name));

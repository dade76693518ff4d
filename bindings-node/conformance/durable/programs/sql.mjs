// ctx.storage.sql: every row has an object of its own.
import { DurableObject } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

const table = (sql) => {
  sql.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT, r REAL, b BLOB)');
  sql.exec("INSERT INTO t (n, r) VALUES ('a', 1.5), ('b', 2.5), ('c', NULL)");
  return sql;
};
/** One row for each text: what it gives or throws. */
const each = (texts) => async ({ sql }, { note, tried }) => {
  for (const text of texts) note(await tried(() => sql.exec(text).toArray()));
};

export const rows = {
  'size of an empty database': ({ sql }) => sql.databaseSize,
  'size of one with rows': ({ sql }) => {
    sql.exec('CREATE TABLE t (a)');
    const before = sql.databaseSize;
    sql.exec('INSERT INTO t VALUES (?)', 'x'.repeat(100_000));
    return [before, sql.databaseSize > before];
  },
  'what sql has': ({ sql }) => [sql.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(sql)).sort(), Object.keys(sql), typeof sql.Cursor, typeof sql.Statement],
  'what a cursor has': ({ sql }) => {
    const cursor = sql.exec('SELECT 1');
    return [cursor.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(cursor)).sort(), Object.keys(cursor), Object.prototype.toString.call(cursor), cursor[Symbol.iterator]() === cursor];
  },
  'create gives no rows': ({ sql }) => {
    const cursor = sql.exec('CREATE TABLE t (a)');
    return [cursor.toArray(), cursor.columnNames];
  },
  'insert, its counts and columns': ({ sql }) => {
    const cursor = table(sql).exec('INSERT INTO t (n) VALUES (?)', 'd');
    return [cursor.rowsWritten, cursor.columnNames, cursor.toArray()];
  },
  'rows written of three': ({ sql }) => {
    sql.exec('CREATE TABLE w (a)');
    return [sql.exec('INSERT INTO w VALUES (1), (2), (3)').rowsWritten, sql.exec('UPDATE w SET a = 5').rowsWritten, sql.exec('DELETE FROM w WHERE a = 5').rowsWritten];
  },
  'rows written with an index': ({ sql }) => {
    sql.exec('CREATE TABLE w (a, b); CREATE INDEX i ON w (a)');
    return [sql.exec('INSERT INTO w VALUES (1, 1)').rowsWritten, sql.exec('UPDATE w SET b = 2').rowsWritten, sql.exec('UPDATE w SET a = 2').rowsWritten, sql.exec('DELETE FROM w').rowsWritten];
  },
  'rows written of other statements': ({ sql }) => ['CREATE TABLE w (a)', 'CREATE INDEX i ON w (a)', 'ALTER TABLE w ADD COLUMN b', 'DROP TABLE w', 'SELECT 1'].map((text) => sql.exec(text).rowsWritten),
  'rows read of a table': ({ sql }) => {
    const cursor = table(sql).exec('SELECT * FROM t');
    const before = cursor.rowsRead;
    cursor.toArray();
    return [before, cursor.rowsRead];
  },
  'rows read by a key': ({ sql }) => {
    const cursor = table(sql).exec('SELECT * FROM t WHERE id = 2');
    cursor.toArray();
    return cursor.rowsRead;
  },
  'rows read by a condition': ({ sql }) => {
    const cursor = table(sql).exec("SELECT * FROM t WHERE n = 'c'");
    cursor.toArray();
    return cursor.rowsRead;
  },
  'insert with returning': ({ sql }) => table(sql).exec('INSERT INTO t (n) VALUES (?) RETURNING *', 'z').one(),
  'returning of several': ({ sql }) => table(sql).exec("UPDATE t SET r = 9 WHERE n < 'c' RETURNING id, r").toArray(),
  'returning that is not read': ({ sql }) => {
    table(sql).exec("INSERT INTO t (n) VALUES ('x'), ('y') RETURNING id").next();
    return sql.exec('SELECT count(*) AS n FROM t').one();
  },
  'select': ({ sql }) => table(sql).exec('SELECT * FROM t').toArray(),
  'raw': ({ sql }) => [...table(sql).exec('SELECT id, n FROM t').raw()],
  'raw, what it is': ({ sql }) => {
    const raw = table(sql).exec('SELECT id FROM t').raw();
    return [typeof raw.next, typeof raw.toArray, Object.prototype.toString.call(raw), raw.next(), raw.toArray?.()];
  },
  'raw after next': ({ sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    cursor.next();
    return [...cursor.raw()];
  },
  'one': ({ sql }) => sql.exec('SELECT 1 AS a, NULL AS b').one(),
  'one of none': ({ sql }) => table(sql).exec('SELECT * FROM t WHERE id = 99').one(),
  'one of many': ({ sql }) => table(sql).exec('SELECT * FROM t').one(),
  'one of many, then on': async ({ sql }, { note, tried }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    note(await tried(() => cursor.one()));
    return cursor.toArray();
  },
  'toArray twice': ({ sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    return [cursor.toArray(), cursor.toArray(), cursor.next()];
  },
  'next': ({ sql }) => {
    const cursor = sql.exec('SELECT 1 AS a');
    return [cursor.next(), cursor.next(), cursor.next()];
  },
  'for of': ({ sql }) => {
    const seen = [];
    for (const { id } of table(sql).exec('SELECT id FROM t')) seen.push(id);
    return seen;
  },
  'for of that is left, then on': ({ sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    for (const _ of cursor) break;
    return cursor.toArray();
  },
  'destructuring': ({ sql }) => {
    const [first, second] = table(sql).exec('SELECT id FROM t');
    return [first, second];
  },
  'the prototype of a row': ({ sql }) => Object.getPrototypeOf(sql.exec('SELECT 1 AS a').one()) === Object.prototype,
  'column names': ({ sql }) => [sql.exec('SELECT 1, 2 AS b, \'x\', count(*)').columnNames, table(sql).exec('SELECT t.id, n AS "n n" FROM t').columnNames],
  'columns of the same name': ({ sql }) => {
    const cursor = sql.exec('SELECT 1 AS a, 2 AS a');
    return [cursor.columnNames, [...cursor.raw()], sql.exec('SELECT 1 AS a, 2 AS a').one()];
  },
  'columns that look like numbers': ({ sql }) => sql.exec('SELECT 1 AS b, 2 AS "1", 3 AS "__proto__", 4 AS ""').toArray(),
  'bind null and undefined': ({ sql }) => sql.exec('SELECT ? AS n, ? AS u', null, undefined).one(),
  'bind numbers': ({ sql }) => sql.exec('SELECT ? AS a, typeof(?) AS b, typeof(?) AS c, ? AS d, ? AS e, typeof(?) AS f', 1, 1, 1.5, 2 ** 53, -0, NaN).one(),
  'bind infinities': ({ sql }) => sql.exec('SELECT ? AS a, ? AS b, ? AS c', Infinity, -Infinity, NaN).one(),
  'bind strings': ({ sql }) => sql.exec('SELECT ? AS a, length(?) AS b, ? AS c, ? AS d', 'a\0b', 'a\0b', '😀', '\ud800').one(),
  'bind booleans': ({ sql }) => sql.exec('SELECT ? AS a, typeof(?) AS b', true, false).one(),
  'bind bigint': ({ sql }) => sql.exec('SELECT ? AS a', 5n).one(),
  'bind a date': ({ sql }) => sql.exec('SELECT ? AS a', new Date(0)).one(),
  'bind objects': ({ sql }) => sql.exec('SELECT ? AS a, ? AS b, ? AS c', {}, [1, 2], () => 1).one(),
  'bind a symbol': ({ sql }) => sql.exec('SELECT ? AS a', Symbol('x')).one(),
  'bind buffers': ({ sql }) => sql.exec('SELECT ? AS a, ? AS b, typeof(?) AS c, ? AS d', new Uint8Array([9]).buffer, new Uint8Array([1, 2, 3]).subarray(1), new Uint8Array(0), new Uint16Array([1])).one(),
  'bind a shared buffer': ({ sql }) => sql.exec('SELECT ? AS a', new Uint8Array(new Uint8Array([1, 2]).buffer)).one(),
  'integers of results': ({ sql }) => sql.exec('SELECT 9007199254740993 AS a, -9223372036854775807 AS b, 9223372036854775807 AS c, typeof(1) AS d, 1.0 AS e, 1e300 AS f').one(),
  'an integer column keeps integers': ({ sql }) => {
    sql.exec('CREATE TABLE i (a INTEGER, b TEXT, c)');
    sql.exec('INSERT INTO i VALUES (?, ?, ?)', 5, 5, 5);
    return sql.exec('SELECT typeof(a) AS a, typeof(b) AS b, b AS v, typeof(c) AS c FROM i').one();
  },
  'too few bindings': ({ sql }) => sql.exec('SELECT ?, ?', 1).toArray(),
  'too many bindings': ({ sql }) => sql.exec('SELECT ?', 1, 2).toArray(),
  'no bindings where one is needed': ({ sql }) => sql.exec('SELECT ?').toArray(),
  'numbered bindings': ({ sql }) => sql.exec('SELECT ?2 AS b, ?1 AS a', 1, 2).toArray(),
  'numbered bindings with a gap': ({ sql }) => sql.exec('SELECT ?3 AS c', 1, 2, 3).toArray(),
  'a numbered binding twice': ({ sql }) => sql.exec('SELECT ?1 AS a, ?1 AS b', 1).toArray(),
  'numbered and plain bindings': ({ sql }) => sql.exec('SELECT ?2 AS b, ? AS c', 1, 2, 3).toArray(),
  'named bindings': ({ sql }) => sql.exec('SELECT :a AS a, @b AS b, $c AS c, :a AS again', 1, 2, 3).toArray(),
  'marks in strings and comments': ({ sql }) => sql.exec(`SELECT '?' AS a, "?" AS b, ? AS c /* ? */ -- ?
    , [?] AS d FROM (SELECT 1 AS "?")`, 7).toArray(),
  'several statements': ({ sql }) => sql.exec('CREATE TABLE m (x); INSERT INTO m VALUES (1); INSERT INTO m VALUES (2); SELECT count(*) AS n FROM m').one(),
  'several statements, the bindings of the last': ({ sql }) => sql.exec('CREATE TABLE m (x); INSERT INTO m VALUES (7); SELECT ? AS v, x FROM m', 8).one(),
  'several statements, bindings in the first': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec('CREATE TABLE m (x); INSERT INTO m VALUES (?); SELECT * FROM m', 8).toArray()));
    note(await tried(() => sql.exec('SELECT count(*) AS n FROM m').toArray()));
  },
  'several statements, a fault in the second': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec('CREATE TABLE m (x); INSERT INTO nope VALUES (1); CREATE TABLE k (x)')));
    return sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  },
  'several statements, a syntax error in the second': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec('CREATE TABLE m (x); SELEC 1')));
    return sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  },
  'a trigger is one statement': ({ sql }) => {
    sql.exec(`CREATE TABLE a (x); CREATE TABLE b (x);
      CREATE TRIGGER tr AFTER INSERT ON a BEGIN INSERT INTO b VALUES (new.x); INSERT INTO b VALUES (CASE WHEN new.x THEN 'y' ELSE 'n' END); END;
      INSERT INTO a VALUES (1)`);
    return sql.exec('SELECT x FROM b').toArray();
  },
  'empty texts': each(['', '  ', ';', ';;', '-- x', '/* x */', '-- x\n;', '/* x']),
  'what follows the last semicolon': each(['SELECT 1 AS a;', 'SELECT 1 AS a;  \n', 'SELECT 1 AS a; -- z', 'SELECT 1 AS a; /* z */', 'SELECT 1 AS a;;', '; SELECT 1 AS a', '/* x */ SELECT 1 AS a', 'SELECT 1 AS a -- z']),
  'exec of nothing': ({ sql }) => sql.exec(),
  'exec of a number': ({ sql }) => sql.exec(5),
  'exec of an object': ({ sql }) => sql.exec({ toString: () => 'SELECT 1 AS a' }).toArray(),
  'a text with NUL in it': ({ sql }) => sql.exec("SELECT 'a\0b' AS a").toArray(),
  'syntax errors': each(['SELEC 1', 'SELECT 1 FROM', 'SELECT (1', 'SELECT 1 1', "SELECT 'x", 'CREATE TABLE', 'SELECT * FROM t WHERE', 'SELECT a b c', 'INSERT INTO t', '1', 'SELECT 1,,2', 'SELECT @', 'SELECT "', 'SELECT 1; ; x', 'SELECT 0x', 'WITH a AS (SELECT 1) a', 'SELECT * FROM t ORDER 1', 'CREATE TABLE x (a, b,)', 'SELECT \u00a0', 'é']),
  'names that are missing': each(['SELECT * FROM nope', 'SELECT nope', 'SELECT nope()', 'SELECT abs(1, 2)', 'INSERT INTO nope VALUES (1)', 'DROP TABLE nope', 'DROP INDEX nope', 'DROP VIEW nope', 'SELECT 1 COLLATE nope', 'SELECT x.a FROM (SELECT 1 AS a) y', 'ALTER TABLE nope ADD COLUMN a', 'CREATE INDEX i ON nope (a)', 'DELETE FROM nope', 'UPDATE nope SET a = 1', 'SELECT nope.a', 'SELECT "nope"', 'REINDEX nope', 'SELECT * FROM main.nope', 'SELECT * FROM other.nope', 'PRAGMA nope']),
  'a table of two names and more': async ({ sql }, { note, tried }) => {
    table(sql);
    for (const text of ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1)', 'INSERT INTO t (nope) VALUES (1)', 'UPDATE t SET nope = 1', 'SELECT nope FROM t', 'SELECT t.nope FROM t', 'SELECT id FROM t, t', 'SELECT sum(id) FROM t WHERE sum(id) > 1', 'CREATE INDEX i ON t (nope)', 'INSERT INTO t (id, n) VALUES (1)', "SELECT * FROM t WHERE n MATCH 'x'", 'SELECT id FROM t UNION SELECT 1, 2', 'ALTER TABLE t DROP COLUMN nope', 'CREATE TABLE IF NOT EXISTS t (a)', 'CREATE TABLE d (a, a)', 'INSERT INTO t DEFAULT VALUES']) note(await tried(() => sql.exec(text).toArray()));
  },
  'constraints': async ({ sql }, { note, tried }) => {
    sql.exec('CREATE TABLE c (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL, k INTEGER CHECK (k > 0), f INTEGER REFERENCES c(id)); CREATE TABLE s (a INTEGER) STRICT');
    sql.exec("INSERT INTO c VALUES (1, 'u', 'n', 1, NULL)");
    for (const text of ["INSERT INTO c VALUES (1, 'v', 'n', 1, NULL)", "INSERT INTO c VALUES (2, 'u', 'n', 1, NULL)", "INSERT INTO c VALUES (2, 'v', NULL, 1, NULL)", "INSERT INTO c VALUES (2, 'v', 'n', 0, NULL)", "INSERT INTO c VALUES (2, 'v', 'n', 1, 99)", "INSERT INTO s VALUES ('x')", "INSERT INTO c (id, n) VALUES ('x', 'n')"]) note(await tried(() => sql.exec(text).toArray()));
  },
  'a constraint leaves the rows before it': async ({ sql }, { note, tried }) => {
    sql.exec('CREATE TABLE c (id INTEGER PRIMARY KEY)');
    note(await tried(() => sql.exec('INSERT INTO c VALUES (1); INSERT INTO c VALUES (1)')));
    note(await tried(() => sql.exec('INSERT INTO c VALUES (5), (1)')));
    return sql.exec('SELECT id FROM c').toArray();
  },
  'raise in a trigger': async ({ sql }, { note, tried }) => {
    sql.exec("CREATE TABLE a (x); CREATE TRIGGER tr BEFORE INSERT ON a BEGIN SELECT RAISE(ABORT, 'mine'); END");
    note(await tried(() => sql.exec('INSERT INTO a VALUES (1)')));
  },
  'raise that rolls back': async ({ sql }, { note, tried }) => {
    sql.exec("CREATE TABLE a (x); CREATE TRIGGER tr BEFORE INSERT ON a WHEN new.x = 2 BEGIN SELECT RAISE(ROLLBACK, 'mine'); END");
    sql.exec('INSERT INTO a VALUES (1)');
    note(await tried(() => sql.exec('INSERT INTO a VALUES (2)')));
    note(await tried(() => sql.exec('SELECT * FROM a').toArray()));
  },
  'insert or rollback': async ({ sql }, { note, tried }) => {
    sql.exec('CREATE TABLE a (x PRIMARY KEY)');
    sql.exec('INSERT INTO a VALUES (1)');
    note(await tried(() => sql.exec('INSERT OR ROLLBACK INTO a VALUES (1)')));
    note(await tried(() => sql.exec('SELECT * FROM a').toArray()));
  },
  'begin and its like': each(['BEGIN', 'BEGIN IMMEDIATE TRANSACTION', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT a', 'RELEASE a', 'ROLLBACK TO a', 'begin', '/* x */ COMMIT', 'SELECT 1; COMMIT']),
  'attach, detach and vacuum': each(["ATTACH ':memory:' AS x", 'DETACH x', 'VACUUM', "VACUUM INTO '/tmp/x'"]),
  'pragmas that are allowed': async ({ sql }, { note, tried }) => {
    table(sql).exec('CREATE INDEX i ON t (n)');
    for (const text of ['PRAGMA table_info(t)', "PRAGMA table_info('t')", 'PRAGMA table_info = t', 'PRAGMA table_list', 'PRAGMA table_xinfo(t)', 'PRAGMA index_list(t)', 'PRAGMA index_info(i)', 'PRAGMA index_xinfo(i)', 'PRAGMA foreign_key_list(t)', 'PRAGMA foreign_keys', 'PRAGMA optimize', 'PRAGMA defer_foreign_keys = on', 'PRAGMA defer_foreign_keys', 'PRAGMA quick_check', 'PRAGMA integrity_check', 'PRAGMA foreign_key_check', 'PRAGMA function_list', 'PRAGMA case_sensitive_like = on', 'PRAGMA ignore_check_constraints = on', 'PRAGMA legacy_alter_table = on', 'PRAGMA recursive_triggers = on', 'PRAGMA reverse_unordered_selects = on', 'PRAGMA encoding']) note(text, await tried(() => sql.exec(text).toArray().length));
  },
  'pragmas that are refused': each(['PRAGMA journal_mode', 'PRAGMA journal_mode = OFF', 'PRAGMA user_version', 'PRAGMA user_version = 1', 'PRAGMA synchronous = OFF', 'PRAGMA foreign_keys = off', 'PRAGMA page_size', 'PRAGMA page_count', 'PRAGMA writable_schema = on', 'PRAGMA database_list', 'PRAGMA cache_size', 'PRAGMA schema_version', 'PRAGMA wal_checkpoint', 'PRAGMA temp_store', 'PRAGMA query_only = 1', 'PRAGMA compile_options', 'PRAGMA application_id', 'PRAGMA auto_vacuum', 'PRAGMA main.user_version', 'SELECT * FROM pragma_user_version', 'SELECT * FROM pragma_journal_mode', 'SELECT name FROM pragma_table_info(\'x\')']),
  'names that begin with _cf_': async ({ storage, sql }, { note, tried }) => {
    await storage.put('a', 1);
    table(sql);
    for (const text of ['SELECT * FROM _cf_KV', 'SELECT * FROM "_cf_KV"', "SELECT * FROM '_cf_KV'", 'SELECT * FROM main._cf_KV', 'SELECT * FROM _CF_kv', 'SELECT key FROM _cf_KV', 'DELETE FROM _cf_KV', 'DROP TABLE _cf_KV', 'CREATE TABLE _cf_x (a)', 'CREATE TABLE "_CF_y" (a)', 'ALTER TABLE t RENAME TO _cf_z', 'CREATE INDEX _cf_i ON t (n)', 'CREATE INDEX i ON _cf_KV (key)', 'CREATE VIEW _cf_v AS SELECT 1', 'CREATE VIEW v AS SELECT * FROM _cf_KV', 'SELECT * FROM v', "SELECT '_cf_KV' AS a", 'SELECT 1 AS _cf_a', 'SELECT _cf_a FROM (SELECT 1 AS _cf_a)', 'ALTER TABLE t ADD COLUMN _cf_c', 'PRAGMA table_info(_cf_KV)', 'WITH _cf_w AS (SELECT 1 AS a) SELECT * FROM _cf_w', 'UPDATE t SET n = (SELECT count(*) FROM _cf_KV)', 'SELECT * FROM _cf_METADATA', 'CREATE TRIGGER _cf_t AFTER INSERT ON t BEGIN SELECT 1; END']) note(await tried(() => sql.exec(text).toArray()));
  },
  'the schema table': async ({ storage, sql }, { note, tried }) => {
    await storage.put('a', 1);
    table(sql);
    for (const text of ["SELECT type, name, tbl_name FROM sqlite_master ORDER BY name", 'SELECT count(*) AS n FROM sqlite_schema', "DELETE FROM sqlite_master", "INSERT INTO sqlite_master VALUES (1, 2, 3, 4, 5)", "SELECT count(*) AS n FROM sqlite_temp_master", 'SELECT count(*) AS n FROM sqlite_sequence', 'CREATE TABLE sqlite_x (a)']) note(await tried(() => sql.exec(text).toArray()));
  },
  'temporary tables': each(['CREATE TEMP TABLE tt (a)', 'CREATE TEMPORARY TABLE tt (a)', 'CREATE TEMP VIEW tv AS SELECT 1', 'CREATE TABLE temp.tt (a)', 'CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END']),
  'functions that are there': each(["SELECT json_extract('{\"a\":1}', '$.a') AS v", "SELECT '{\"a\":[1]}' ->> '$.a[0]' AS v", 'SELECT pow(2, 3) AS v, sqrt(4) AS s, pi() AS p', "SELECT datetime(0, 'unixepoch') AS v", "SELECT group_concat(a) AS v FROM (SELECT 1 AS a UNION SELECT 2)", "SELECT upper('é') AS v, lower('A') AS l, hex('a') AS h, unicode('a') AS u, printf('%d', 5) AS p", "SELECT jsonb('[1]') AS v", "SELECT json_group_array(value) AS v FROM json_each('[1,2]')", 'SELECT iif(1, 2, 3) AS v', "SELECT strftime('%Y', 0, 'unixepoch') AS v", "SELECT coalesce(NULL, 1) AS v, nullif(1, 1) AS n, typeof(x'00') AS t, zeroblob(2) AS z", "SELECT row_number() OVER () AS v", "SELECT unhex('00ff') AS v", "SELECT concat('a', 1) AS v, concat_ws('-', 'a', 'b') AS w", "SELECT octet_length('é') AS v", "SELECT string_agg(a, '-') AS v FROM (SELECT 'x' AS a)", 'SELECT changes() AS c, total_changes() AS t, last_insert_rowid() AS r']),
  'functions that are refused': each(['SELECT sqlite_version() AS v', "SELECT load_extension('x')", 'SELECT sqlite_source_id() AS v', "SELECT sqlite_compileoption_used('X')", 'SELECT sqlite_compileoption_get(0)', "SELECT fts3_tokenizer('x')", "SELECT readfile('x')", "SELECT sqlite_offset(1)", "SELECT soundex('x')", "SELECT likely(1) AS v, unlikely(1) AS u, likelihood(1, 0.5) AS l", "SELECT quote('a') AS v", 'SELECT typeof(random()) AS v, typeof(randomblob(2)) AS b', "SELECT subtype('x')", "SELECT sqlite_log(1, 'x')", "SELECT current_timestamp > '2020' AS v", 'SELECT format(\'%s\', 1) AS v', 'SELECT rtreenode(1, 2)', 'SELECT generate_series(1)', 'SELECT * FROM generate_series(1, 3)', 'SELECT median(1)', "SELECT * FROM dbstat", 'SELECT sqlite_unknown_thing()']),
  'full text search': ({ sql }) => {
    sql.exec('CREATE VIRTUAL TABLE f USING fts5(x)');
    sql.exec("INSERT INTO f VALUES ('the quick fox'), ('slow')");
    return [sql.exec("SELECT x FROM f WHERE f MATCH 'quick'").toArray(), sql.exec("SELECT highlight(f, 0, '<', '>') AS h FROM f('fox')").toArray(), sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").toArray()];
  },
  'other virtual tables': each(['CREATE VIRTUAL TABLE r USING rtree(id, a, b)', 'CREATE VIRTUAL TABLE f USING fts4(x)', 'CREATE VIRTUAL TABLE f USING fts3(x)', 'CREATE VIRTUAL TABLE f USING nope(x)', 'CREATE VIRTUAL TABLE v USING fts5vocab(f, row)', 'CREATE VIRTUAL TABLE d USING dbstat']),
  'foreign keys are kept': async ({ sql }, { note, tried }) => {
    sql.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p(id) ON DELETE CASCADE); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)');
    note(await tried(() => sql.exec('INSERT INTO c VALUES (2)')));
    sql.exec('DELETE FROM p');
    return sql.exec('SELECT count(*) AS n FROM c').one();
  },
  'foreign keys that are deferred': ({ storage, sql }) => {
    sql.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p(id))');
    storage.transactionSync(() => {
      sql.exec('PRAGMA defer_foreign_keys = on');
      sql.exec('INSERT INTO c VALUES (1)');
      sql.exec('INSERT INTO p VALUES (1)');
    });
    return sql.exec('SELECT count(*) AS n FROM c').one();
  },
  'a cursor sees what is inserted after it': ({ sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    cursor.next();
    sql.exec("INSERT INTO t (n) VALUES ('z')");
    return cursor.toArray();
  },
  'a cursor whose table is dropped': async ({ sql }, { note, tried }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    cursor.next();
    note(await tried(() => sql.exec('DROP TABLE t')));
    note(await tried(() => cursor.toArray()));
  },
  'two cursors of one text': ({ sql }) => {
    const a = table(sql).exec('SELECT id FROM t');
    const b = sql.exec('SELECT id FROM t');
    return [a.next().value, b.next().value, a.next().value, b.toArray(), a.toArray()];
  },
  'two cursors of one text with other bindings': ({ sql }) => {
    const a = sql.exec('SELECT ? AS v UNION ALL SELECT ?', 1, 2);
    const b = sql.exec('SELECT ? AS v UNION ALL SELECT ?', 3, 4);
    return [a.toArray(), b.toArray()];
  },
  'a cursor across an await': async ({ sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    cursor.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return cursor.toArray();
  },
  'a cursor across a write and an await': async ({ storage, sql }) => {
    const cursor = table(sql).exec('SELECT id FROM t');
    cursor.next();
    await storage.put('a', 1);
    await storage.sync();
    return cursor.toArray();
  },
  'a cursor of a transaction that is rolled back': async ({ storage, sql }, { note, tried }) => {
    table(sql);
    let cursor;
    try {
      storage.transactionSync(() => {
        sql.exec("INSERT INTO t (n) VALUES ('x')");
        cursor = sql.exec('SELECT id FROM t');
        cursor.next();
        throw new Error('undo');
      });
    } catch {}
    note(await tried(() => cursor.toArray()));
    return sql.exec('SELECT count(*) AS n FROM t').one();
  },
  'writing while iterating': ({ sql }) => {
    for (const { id } of table(sql).exec('SELECT id FROM t ORDER BY n')) sql.exec('UPDATE t SET r = ? WHERE id = ?', id * 10, id);
    return sql.exec('SELECT id, r FROM t').toArray();
  },
  'transactionSync with sql': async ({ storage, sql }, { note, tried }) => {
    table(sql);
    note(await tried(() => storage.transactionSync(() => {
      sql.exec('DELETE FROM t');
      throw new Error('undo');
    })));
    return sql.exec('SELECT count(*) AS n FROM t').one();
  },
  'a schema that is rolled back': async ({ storage, sql }, { note, tried }) => {
    note(await tried(() => storage.transactionSync(() => {
      sql.exec('CREATE TABLE x (a)');
      throw new Error('undo');
    })));
    note(await tried(() => sql.exec('SELECT * FROM x').toArray()));
  },
  'limits: columns': async ({ sql }, { note, tried }) => {
    const names = (count) => Array.from({ length: count }, (_, i) => `c${i}`);
    for (const count of [100, 101]) {
      note(count, await tried(() => Object.keys(sql.exec(`SELECT ${names(count).map((name, i) => `${i} AS ${name}`)}`).one()).length));
      note(count, await tried(() => sql.exec(`CREATE TABLE t${count} (${names(count)})`).toArray()));
    }
  },
  'limits: bindings': async ({ sql }, { note, tried }) => {
    for (const count of [100, 101]) note(count, await tried(() => sql.exec(`SELECT max(${Array(count).fill('?')}) AS n`, ...Array(count).fill(1)).toArray()));
    note(await tried(() => sql.exec('SELECT ?101', ...Array(101).fill(1)).toArray()));
    note(await tried(() => sql.exec('SELECT ?0', 1).toArray()));
  },
  'limits: arguments of a function': async ({ sql }, { note, tried }) => {
    for (const count of [32, 33, 127, 128, 129]) note(count, await tried(() => sql.exec(`SELECT max(${Array(count).fill(1)}) AS n`).toArray()));
  },
  'limits: the text': async ({ sql }, { note, tried }) => {
    for (const length of [99_000, 100_000, 101_000]) note(length, await tried(() => sql.exec(`SELECT 1 AS a ${'x'.padEnd(length - 20).replace('x', ' ')}`).toArray()));
    note(await tried(() => sql.exec(`SELECT 1 AS a /*${'x'.repeat(100_000)}*/`).toArray()));
    note(await tried(() => sql.exec(`SELECT 1 AS a; ${'SELECT 2 AS b;'.repeat(10_000)}`).toArray()));
  },
  'limits: patterns': async ({ sql }, { note, tried }) => {
    note(await tried(() => sql.exec("SELECT 'a' LIKE ? AS v", 'a'.repeat(50)).toArray()));
    note(await tried(() => sql.exec("SELECT 'a' LIKE ? AS v", 'a%'.repeat(30)).toArray()));
    note(await tried(() => sql.exec("SELECT 'a' GLOB ? AS v", 'a*'.repeat(30)).toArray()));
  },
  'limits: depth and terms': async ({ sql }, { note, tried }) => {
    for (const count of [5, 6, 100]) note(count, await tried(() => sql.exec(Array(count).fill('SELECT 1 AS a').join(' UNION ALL ')).toArray().length));
    for (const depth of [90, 110]) note(depth, await tried(() => sql.exec(`SELECT ${'('.repeat(depth)}1${')'.repeat(depth)} AS a`).toArray()));
    for (const depth of [90, 110]) note(depth, await tried(() => sql.exec(`SELECT ${Array(depth).fill('1').join(' + ')} AS a`).toArray()));
  },
  'limits: blobs': async ({ sql }, { note, tried }) => {
    sql.exec('CREATE TABLE t (a)');
    for (const length of [2 * 1024 * 1024 + 1, 17_825_792]) note(length, await tried(() => sql.exec('SELECT length(?) AS n', new Uint8Array(length)).one()));
    note(await tried(() => sql.exec('INSERT INTO t VALUES (zeroblob(20000000))').toArray()));
  },
  'explain': ({ sql }) => [sql.exec('EXPLAIN SELECT 1').columnNames, sql.exec('EXPLAIN QUERY PLAN SELECT 1').columnNames],
  'analyze, reindex': async ({ sql }, { note, tried }) => {
    table(sql);
    for (const text of ['ANALYZE', 'REINDEX', 'REINDEX t', "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"]) note(await tried(() => sql.exec(text).toArray()));
  },
  'views, upserts, generated columns, json': ({ sql }) => {
    sql.exec("CREATE TABLE u (k TEXT PRIMARY KEY, v INTEGER, d AS (v * 2)) WITHOUT ROWID; CREATE VIEW w AS SELECT k, d FROM u; INSERT INTO u (k, v) VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET v = v + 1");
    sql.exec("INSERT INTO u (k, v) VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET v = v + 1");
    return [sql.exec('SELECT * FROM w').toArray(), sql.exec('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n').toArray(), sql.exec('WITH x AS (SELECT 7 AS v) INSERT INTO u (k, v) SELECT \'w\', v FROM x RETURNING k, v').toArray(), sql.exec('REPLACE INTO u (k, v) VALUES (\'w\', 3) RETURNING v').toArray(), sql.exec('VALUES (1, 2), (3, 4)').toArray()];
  },
  'autoincrement': ({ sql }) => {
    sql.exec('CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO a DEFAULT VALUES; DELETE FROM a; INSERT INTO a DEFAULT VALUES');
    return [sql.exec('SELECT id FROM a').toArray(), sql.exec('SELECT * FROM sqlite_sequence').toArray()];
  },
  'sql off its object': ({ sql: { exec } }) => exec('SELECT 1'),
  'ingest': ({ sql }) => (typeof sql.ingest === 'function' ? sql.ingest('CREATE TABLE i (a); INSERT INTO i VALUES (1); SELECT') : 'none'),
  'prepare': ({ sql }) => (typeof sql.prepare === 'function' ? sql.prepare('SELECT ? AS a')(1).toArray() : 'none'),
};

export class Obj extends DurableObject {
  row(name) {
    const { storage } = this.ctx;
    return line(rows[name], { storage, sql: storage.sql });
  }
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).row(name));

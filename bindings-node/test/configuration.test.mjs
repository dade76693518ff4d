// The files that a project has, and what the command makes of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from './helpers.mjs';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

const worker = `
  import { DurableObject, env as around } from 'cloudflare:workers';
  const early = Object.keys(around);
  export class Room extends DurableObject {
    async add() {
      const count = ((await this.ctx.storage.get('count')) ?? 0) + 1;
      await this.ctx.storage.put('count', count);
      return count;
    }
  }
  export default {
    async fetch(request, env) {
      const { pathname } = new URL(request.url);
      if (pathname === '/add') return new Response(String(await env.ROOM.getByName('a').add()));
      if (pathname === '/early') return Response.json(early);
      if (pathname === '/use') {
        try {
          return new Response(await env.CACHE.get('x'));
        } catch (error) {
          return new Response(error.message);
        }
      }
      const binary = Object.values(new WebSocketPair())[0].binaryType;
      return Response.json({ ...env, ROOM: typeof env.ROOM, CACHE: typeof env.CACHE, binary });
    },
  };`;

/** A folder with these files, and the Worker's. */
async function project(t, files) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wspair-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ 'src/worker.mjs': worker, ...files })) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), typeof text === 'string' || Buffer.isBuffer(text) ? text : JSON.stringify(text));
  }
  return folder;
}

function run(t, folder, ...args) {
  const child = spawn(process.execPath, [cli, '--state', 'memory', ...args], { cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  const told = { out: '', err: '' };
  child.stdout.on('data', (text) => (told.out += text));
  child.stderr.on('data', (text) => (told.err += text));
  const ended = once(child, 'close');
  const url = async () => {
    await until(() => /listening on (\S+)\n/.test(told.out), 20_000);
    return /listening on (\S+)\n/.exec(told.out)[1];
  };
  const ask = async (place) => (await fetch(`${await url()}${place}`)).text();
  return { child, told, ended, url, ask };
}

const usual = {
  name: 'chat',
  main: 'src/worker.mjs',
  compatibility_date: '2024-01-01',
  vars: { WHO: 'everybody', LIST: [1, { two: 2 }] },
  durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Room' }] },
  migrations: [{ tag: 'v1', new_sqlite_classes: ['Room'] }],
  dev: { port: 0 },
};

const library = createRequire(import.meta.url)('../dist/durable/storage/libraries.js').library();

test('objects are kept beside the configuration, and are there after a restart', { skip: library === undefined && 'there is no SQLite' }, async (t) => {
  const folder = await project(t, { 'wrangler.json': usual });
  const state = path.join(folder, '.wspair', 'state');
  const first = run(t, folder, '--state', state);
  assert.deepEqual([await first.ask('add'), await first.ask('add')], ['1', '2']);
  const second = run(t, folder, '--state', state);
  assert.equal((await second.ended)[0], 1);
  assert.match(second.told.err, /^wspair: wrangler\.json: .*\nwspair: .*\b\d+\b.*\n$/);
  first.child.kill('SIGKILL');
  await first.ended;
  assert.equal(await run(t, folder, '--state', state).ask('add'), '3');
});

test('objects of a class that a migration deletes are there until it is told to delete them', { skip: library === undefined && 'there is no SQLite' }, async (t) => {
  const folder = await project(t, { 'wrangler.json': usual });
  const state = path.join(folder, '.wspair', 'state');
  const start = async (config, ...args) => {
    await writeFile(path.join(folder, 'wrangler.json'), JSON.stringify(config));
    return run(t, folder, '--state', state, ...args);
  };
  const add = async (config, ...args) => {
    const running = await start(config, ...args);
    const count = await running.ask('add').finally(() => running.child.kill());
    await running.ended;
    return count;
  };
  const files = async () => (await readdir(state, { recursive: true })).filter((file) => /^\w{64}.*\.sqlite$/.test(file)).length;
  assert.deepEqual([await add(usual), await files()], ['1', 1]);

  const main = worker.replace('class Room', 'class Hall');
  await writeFile(path.join(folder, 'src/worker.mjs'), main);
  const renamed = { ...usual, durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Hall' }] }, migrations: [...usual.migrations, { tag: 'v2', renamed_classes: [{ from: 'Room', to: 'Hall' }] }] };
  const deleted = { ...renamed, migrations: [...renamed.migrations, { tag: 'v3', deleted_classes: ['Hall'] }] };
  const refused = await start(deleted, '--apply-deletes');
  assert.equal((await refused.ended)[0], 1);
  assert.equal(refused.told.err, 'wspair: wrangler.json: the class Hall is deleted by a migration, and ROOM is still bound to it\n');
  assert.equal(await files(), 1);

  const unbound = { ...deleted, durable_objects: { bindings: [] } };
  for (const [args, left] of [[[], 1], [['--apply-deletes'], 0], [['--apply-deletes'], 0]]) {
    const running = await start(unbound, ...args);
    await running.url();
    assert.equal(await files(), left);
    running.child.kill();
    await running.ended;
  }
  assert.equal(await add({ ...usual, durable_objects: renamed.durable_objects, migrations: [{ tag: 'v1', new_sqlite_classes: ['Hall'] }] }), '1');
});

test('a Worker calls itself by its service bindings, at its default and at its entrypoints', async (t) => {
  const main = `
    import { env as around, WorkerEntrypoint } from 'cloudflare:workers';
    const early = around.API;
    export class Api extends WorkerEntrypoint {
      add(a, b) {
        return a + b;
      }
    }
    export default {
      async fetch(request, env) {
        const { pathname } = new URL(request.url);
        if (pathname === '/self') return env.SELF.fetch('http://self/page');
        if (pathname === '/api') return Response.json([await env.API.add(1, 2), await early.add(3, 4)]);
        if (pathname === '/auth') return Response.json(await Promise.resolve().then(() => env.AUTH.fetch('http://auth/')).catch((error) => error.message));
        return new Response(pathname);
      },
    };`;
  const services = [{ binding: 'SELF', service: 'chat' }, { binding: 'API', service: 'chat', entrypoint: 'Api' }, { binding: 'AUTH', service: 'auth' }];
  const config = { ...usual, durable_objects: { bindings: [] }, services };
  const { ask, told } = run(t, await project(t, { 'wrangler.json': config, 'src/worker.mjs': main }));
  assert.deepEqual([await ask('self'), await ask('api')], ['/page', '[3,7]']);
  assert.match(await ask('auth'), /^"env\.AUTH is a services binding: /);
  assert.match(told.err, /^wspair: wrangler\.json: chat with SELF \(default\), API \(Api\), .*; not provided: AUTH \(services\)\n/);

  const wrong = { ...config, services: [{ binding: 'API', service: 'chat', entrypoint: 'Absent' }] };
  const refused = run(t, await project(t, { 'wrangler.json': wrong, 'src/worker.mjs': main }));
  assert.equal((await refused.ended)[0], 1);
  assert.match(refused.told.err, /\nwspair: the binding API is of the entrypoint Absent, which the Worker does not export\n$/);
});

describe('modules as a bundler takes them', () => {
  const others = {
    'package.json': '{}',
    'src/parts/index.js': `export * from './greet';`,
    'src/parts/greet.js': `import page from '../page.html';\nexport const greet = (name) => page.trim() + name;`,
    'src/page.html': '<p>\n',
    'src/query.sql': 'SELECT 1;',
    'src/data.json': '{"__proto__": 1, "a": [1]}',
    'src/four.bin': 'four',
    'src/module.wasm': Buffer.from('0061736d01000000', 'hex'),
    'node_modules/package/package.json': '{ "main": "main.js" }',
    'node_modules/package/main.js': `exports.name = require('./data.json').name;`,
    'node_modules/package/data.json': '{ "name": "of the package" }',
  };
  const answer = '["<p>you","SELECT 1;",[1],4,true,"of the package"]';
  const body = `Response.json([greet('you'), query, data.a, four.byteLength, module instanceof WebAssembly.Module, packaged.name])`;
  const imports = `
    import query from './query.sql';
    import data from './data.json';
    import four from './four.bin';
    import module from './module.wasm';
    import packaged from 'package';`;
  const config = { name: 'modules', compatibility_date: '2026-11-17', dev: { port: 0 } };

  test('of JavaScript', async (t) => {
    const main = `import { greet } from './parts';${imports}\nexport default { fetch: () => ${body} };`;
    const { ask } = run(t, await project(t, { 'wrangler.json': { ...config, main: 'src/main.mjs' }, 'src/main.mjs': main, ...others }));
    assert.equal(await ask(''), answer);
  });

  const isTyped = process.features.typescript !== undefined && process.features.typescript !== false;
  test('of TypeScript, with .js for .ts', { skip: !isTyped && `Node ${process.version} runs none` }, async (t) => {
    const main = `
    import { greet } from './greeting.js';
    import type { Env } from './types';${imports}
    export default { fetch: (request: Request, env: Env) => ${body} };`;
    const typed = { 'src/main.ts': main, 'src/greeting.ts': `export { greet } from './parts';\nexport type Greeting = string;`, 'src/types.ts': 'export interface Env {}' };
    const { ask } = run(t, await project(t, { 'wrangler.json': { ...config, main: 'src/main.ts' }, ...typed, ...others }));
    assert.equal(await ask(''), answer);
  });

  test('of TypeScript that is more than types', { skip: !isTyped && `Node ${process.version} runs none` }, async (t) => {
    const main = 'export enum Kind { One }\nexport default { fetch: () => new Response(String(Kind.One)) };';
    const { ended, told } = run(t, await project(t, { 'wrangler.json': { ...config, main: 'src/main.ts' }, 'src/main.ts': main }));
    assert.equal((await ended)[0], 1);
    assert.match(told.err, /\nwspair: src\/main\.ts could not be loaded: Node takes types away and does no more\. Or compile the Worker first, as by "npx esbuild /);
  });
});

describe('wspair alone in the folder of a project', () => {
  const toml = `
name = "chat"
main = "src/worker.mjs"
compatibility_date = 2024-01-01
[vars]
WHO = "everybody"
LIST = [1, { two = 2 }]
[[durable_objects.bindings]]
name = "ROOM"
class_name = "Room"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Room"]
[dev]
port = 0
`;
  const commented = JSON.stringify(usual, null, 2).replace('{', '{ // a comment\n /* another */').replace(/\}$/, ',}');
  for (const [name, text] of [['wrangler.json', usual], ['wrangler.jsonc', commented], ['wrangler.toml', toml]]) {
    test(`starts what its ${name} says`, async (t) => {
      const { ask, told } = run(t, await project(t, { [name]: text, '.dev.vars': 'SECRET=mine' }));
      assert.deepEqual(JSON.parse(await ask('')), { WHO: 'everybody', LIST: [1, { two: 2 }], SECRET: 'mine', ROOM: 'object', CACHE: 'undefined', binary: 'arraybuffer' });
      assert.deepEqual(JSON.parse(await ask('early')).sort(), ['LIST', 'ROOM', 'SECRET', 'WHO']);
      assert.deepEqual([await ask('add'), await ask('add')], ['1', '2']);
      assert.match(told.err, new RegExp(`^wspair: ${name.replace('.', '\\.')}: chat with ROOM \\(Room\\), WHO, LIST\n$`));
    });
  }

  test('takes the environment that it is told, of which nothing but the Worker is inherited', async (t) => {
    const config = { ...usual, env: { staging: { vars: { WHO: 'few' }, durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Room' }] } }, bare: {} } };
    const folder = await project(t, { 'wrangler.json': config, '.dev.vars.staging': 'SECRET=theirs', '.dev.vars': 'SECRET=mine' });
    assert.deepEqual(JSON.parse(await run(t, folder, '--env', 'staging').ask('')), { WHO: 'few', SECRET: 'theirs', ROOM: 'object', CACHE: 'undefined', binary: 'arraybuffer' });
    assert.deepEqual(JSON.parse(await run(t, folder, '--env', 'bare', '--var', 'SECRET=line').ask('')), { SECRET: 'line', ROOM: 'undefined', CACHE: 'undefined', binary: 'arraybuffer' });
  });

  test('says what is not provided, once at the start and when it is used', async (t) => {
    const { ask, told } = run(t, await project(t, { 'wrangler.json': { ...usual, kv_namespaces: [{ binding: 'CACHE', id: 'x' }], ai: { binding: 'AI' } } }));
    assert.equal(await ask('use'), 'env.CACHE is a kv_namespaces binding: wspair provides Durable Objects and vars only');
    assert.match(told.err, /; not provided: CACHE \(kv_namespaces\), AI \(ai\)\n/);
  });

  test('is told in one line what is wrong', async (t) => {
    const binding = (more) => ({ ...usual, durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Room', ...more }] } });
    const cases = [
      ['{ "name": "x",\n  "main" }', /^wspair: wrangler\.jsonc:2:\d+: colon expected\n$/],
      ['[]', /^wspair: wrangler\.jsonc: the whole must be an object, not \[\]\n$/],
      [{ ...usual, main: 5 }, /^wspair: wrangler\.jsonc: main must be a text, not 5\n$/],
      [{ ...usual, main: 'none.mjs' }, /^wspair: there is no none\.mjs, which is main in wrangler\.jsonc\n$/],
      [{ name: 'x' }, /^wspair: wrangler\.jsonc has no main: say which WORKER\n$/],
      [binding({ class_name: 'Missing' }), /the binding ROOM is of the class Missing, which the Worker does not export\n$/],
      [binding({ class_name: undefined }), /^wspair: wrangler\.jsonc: durable_objects\.bindings\[0\]\.class_name must be a text, not undefined\n$/],
      [binding({ script_name: 'other' }), /^wspair: wrangler\.jsonc: binding ROOM is of another Worker \("other"\): only classes of this Worker can be bound\n$/],
      [{ ...usual, exports: {} }, /^wspair: wrangler\.jsonc: migrations and exports exclude each other: keep one of them\n$/],
      [{ ...usual, dev: { port: 'x' } }, /^wspair: wrangler\.jsonc: dev\.port must be a port, not 'x'\n$/],
      [{ ...usual, compatibility_date: 'never' }, /^wspair: "never" is not a compatibility date/],
    ];
    for (const [text, error] of cases) {
      const { ended, told } = run(t, await project(t, { 'wrangler.jsonc': text }));
      assert.equal((await ended)[0], 1, JSON.stringify(text));
      assert.match(told.err, error);
      assert.equal(told.out, '');
    }
    const toml = run(t, await project(t, { 'wrangler.toml': 'name = "x"\nmain =\n' }));
    assert.equal((await toml.ended)[0], 1);
    assert.match(toml.told.err, /^wspair: wrangler\.toml:2:\d+: /);
    const folder = await project(t, { 'wrangler.json': usual });
    for (const [args, error] of [
      [['--env', 'x'], /^wspair: wrangler\.json has no environment x: there are none\n$/],
      [['--config', 'other.toml'], /^wspair: there is no other\.toml\n$/],
    ]) {
      const { ended, told } = run(t, folder, ...args);
      assert.equal((await ended)[0], 1);
      assert.match(told.err, error);
    }
  });

  test('gets an error for a call that its module makes while it is loaded', async (t) => {
    const early = `${worker}\nglobalThis.early = await around.ROOM.getByName('a').add().catch((error) => error.message);`;
    const main = early.replace("if (pathname === '/early')", "if (pathname === '/told') return new Response(globalThis.early);\n      if (pathname === '/early')");
    const { ask } = run(t, await project(t, { 'wrangler.json': usual, 'src/worker.mjs': main }));
    assert.match(await ask('told'), /^Disallowed operation called within global scope/);
  });

  test('is told which classes no migration names, and that none is deleted', async (t) => {
    const config = { ...usual, migrations: [{ tag: 'v1', new_classes: ['Old', 'Gone'] }, { tag: 'v2', renamed_classes: [{ from: 'Old', to: 'New' }], deleted_classes: ['Gone'] }] };
    const { ask, told } = run(t, await project(t, { 'wrangler.json': config }));
    await ask('');
    assert.match(told.err, /Room is in no migration: it has SQL, as new classes have\n/);
    assert.match(told.err, /the objects of the deleted class Gone are left where they are \(--apply-deletes deletes them\)\n/);
  });
});

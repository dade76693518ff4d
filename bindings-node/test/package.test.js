// The tarballs install into an empty folder, without a compiler and without the network.
const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const root = path.join(__dirname, '..');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'wspair-package-'));
const app = path.join(scratch, 'app');
after(() => rmSync(scratch, { recursive: true }));

// Only where Rust can build for WebAssembly.
const hasFallback = existsSync(path.join(root, 'wspair.wasm'));

const program = (imports) => `${imports}
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  client.accept();
  client.onmessage = (event) => console.log(event.data);
  server.send('installed');
`;
const run = (file, text) => {
  writeFileSync(path.join(app, file), text);
  return spawnSync(process.execPath, [file], { cwd: app, encoding: 'utf8' });
};

describe('the tarballs', () => {
  let tarballs;
  before(() => {
    tarballs = execFileSync(process.execPath, ['scripts/pack.mjs', scratch], { cwd: root, encoding: 'utf8' }).trim().split('\n');
    mkdirSync(app);
    writeFileSync(path.join(app, 'package.json'), '{ "private": true }');
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', path.join(scratch, 'cache')];
    execFileSync('npm', ['install', ...flags, ...tarballs], { cwd: app, stdio: 'pipe' });
  });

  test('are two: the package, and the binary of this platform', () => {
    const names = readdirSync(path.join(app, 'node_modules')).filter((name) => !name.startsWith('.')).sort();
    assert.equal(names.length, 2);
    const manifest = JSON.parse(readFileSync(path.join(app, 'node_modules/wspair/package.json'), 'utf8'));
    assert.equal(manifest.dependencies, undefined);
    assert.ok(Object.keys(manifest.optionalDependencies).includes(names[1]));
    for (const name of names) assert.ok(existsSync(path.join(app, 'node_modules', name, 'LICENSE-MIT')));
  });
  test('hold what packed.txt names, what comes of each file in lib, the types, and nothing else', () => {
    const list = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
    const made = list(path.join(root, 'lib')).flatMap((file) => {
      const [, stem, m] = /^(.*)\.(m?)ts$/.exec(file);
      return [`dist/${stem}.${m}js`, `dist/${stem}.d.${m}ts`];
    });
    const types = list(path.join(root, 'types')).map((file) => `types/${file}`);
    const named = readFileSync(path.join(__dirname, 'packed.txt'), 'utf8').trim().split('\n');
    if (hasFallback) named.push('wspair.wasm');
    assert.deepEqual(list(path.join(app, 'node_modules/wspair')).sort(), [...made, ...types, ...named].sort());
    const binary = readdirSync(path.join(app, 'node_modules')).find((name) => name.startsWith('wspair-'));
    assert.deepEqual(list(path.join(app, 'node_modules', binary)).filter((file) => !/^(package\.json|README\.md|LICENSE-(MIT|APACHE)|wspair\..*\.node)$/.test(file)), []);
  });
  test('work with import', () => {
    const { stdout, stderr } = run('app.mjs', program("import { WebSocketPair } from 'wspair';"));
    assert.equal(stdout, 'installed\n', stderr);
  });
  test('work with require', () => {
    const { stdout, stderr } = run('app.cjs', program("const { WebSocketPair } = require('wspair');"));
    assert.equal(stdout, 'installed\n', stderr);
  });
  test('bring types for both', () => {
    for (const extension of ['mts', 'cts']) writeFileSync(path.join(app, `types.${extension}`), program("import { WebSocketPair } from 'wspair'; import 'wspair/register'; new Response(null, { webSocket: null });"));
    const types = path.join(root, 'node_modules/@types');
    const options = ['--module', 'node20', '--strict', '--noEmit', '--types', 'node', '--typeRoots', types];
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, 'types.mts', 'types.cts'], { cwd: app, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
  const { platform, arch } = process;
  const here = `no binary that works here, on ${platform} ${arch}.*, with Node ${process.version}`;
  describe('with a binary that is not the right one', { skip: !hasFallback && 'wspair.wasm was not built' }, () => {
    const binary = () => path.join(app, 'node_modules', readdirSync(path.join(app, 'node_modules')).find((name) => name.startsWith('wspair-')));
    /** What is said with a file of its package changed, as long as that runs. */
    const changed = (name, change) => {
      const file = path.join(binary(), name);
      const whole = readFileSync(file);
      writeFileSync(file, change(whole));
      const { stdout, stderr } = run('app.cjs', program("const { WebSocketPair } = require('wspair');"));
      writeFileSync(file, whole);
      assert.equal(stdout, 'installed\n', stderr);
      if (process.env.WSPAIR_WASM !== '1') assert.match(stderr, new RegExp(`${here}[^]*WebAssembly now`));
      return process.env.WSPAIR_WASM === '1' ? undefined : stderr;
    };
    const file = () => readdirSync(binary()).find((name) => name.endsWith('.node'));

    test('name both versions, and fall back', () => {
      const said = changed('package.json', (text) => String(text).replace(/"version": ".*"/, '"version": "99.1.2"'));
      if (said) assert.match(said, /  wspair-.*: is of version 99\.1\.2, and wspair of \d+\.\d+\.\d+\n/);
    });
    for (const [what, change] of [
      ['cut off in its head', (whole) => whole.subarray(0, 40)],
      ['empty', () => ''],
      ['for another processor', (whole) => Buffer.from(whole).fill(0xf3, 18, 19)],
      ['a text', () => 'version https://git-lfs.github.com/spec/v1\n'],
    ]) {
      test(`fall back from one that is ${what}`, () => {
        const said = changed(file(), change);
        if (said) assert.match(said, new RegExp(`  wspair-${platform}-${arch}[^:]*: [^\n]*${file()}`));
      });
    }
  });
  describe('without the binary', () => {
    before(() => {
      for (const name of readdirSync(path.join(app, 'node_modules'))) {
        if (name.startsWith('wspair-')) rmSync(path.join(app, 'node_modules', name), { recursive: true });
      }
    });
    const missing = new RegExp(`${here}[^]*  wspair-${platform}-${arch}.*: Cannot find module`);

    test('fall back to WebAssembly, and say so', { skip: !hasFallback && 'wspair.wasm was not built' }, () => {
      const { stdout, stderr } = run('app.cjs', program("const { WebSocketPair } = require('wspair');"));
      assert.equal(stdout, 'installed\n', stderr);
      if (process.env.WSPAIR_WASM === '1') return assert.equal(stderr, '');
      assert.match(stderr, missing);
      assert.match(stderr, /WebAssembly now, which is slower/);
    });
    test('nor the fallback say what was looked for, and what to do', () => {
      rmSync(path.join(app, 'node_modules/wspair/wspair.wasm'), { force: true });
      const { stderr, status } = run('app.cjs', program("const { WebSocketPair } = require('wspair');"));
      assert.notEqual(status, 0);
      if (process.env.WSPAIR_WASM !== '1') assert.match(stderr, missing);
      assert.match(stderr, /The fallback, .*wspair\.wasm, does not load: ENOENT[^]*build from source/);
    });
  });
});

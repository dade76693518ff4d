// Packs the package, and one for each platform whose binary is there.
//
//     pack.mjs [OUT] [BINARIES]    folders; default: build, and where "npm run build" puts its binary
//
// The manifest that goes out names the packages of binaries as optional dependencies. The one in the
// repository does not: they are not in the registry before they are published.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.resolve(process.argv[2] ?? path.join(root, 'build'));
const binaries = path.resolve(process.argv[3] ?? root);
const stage = mkdtempSync(path.join(tmpdir(), 'wspair-pack-'));
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

const manifest = read(path.join(root, 'package.json'));
const targets = read(path.join(root, '../packaging/targets.json'));
const { version, license } = manifest;
// Where that is known, it is said there.
const address = /^repository = "(.*)"$/m.exec(readFileSync(path.join(root, '../Cargo.toml'), 'utf8'))?.[1];
const repository = address && { type: 'git', url: `git+${address}.git`, directory: 'bindings-node' };

function main() {
  const folder = path.join(stage, 'wspair');
  const { scripts, devDependencies, overrides, ...published } = manifest;
  if (repository) published.repository = repository;
  published.optionalDependencies = Object.fromEntries(targets.map(({ name }) => [`wspair-${name}`, version]));
  for (const part of ['dist', 'types']) cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  cpSync(path.join(root, 'README.md'), path.join(folder, 'README.md'));
  const fallback = path.join(binaries, 'wspair.wasm');
  if (existsSync(fallback)) cpSync(fallback, path.join(folder, 'wspair.wasm'));
  else console.error('pack: THERE IS NO wspair.wasm, THE PACKAGE IS WITHOUT A FALLBACK (npm run build:wasm)');
  pack(folder, published);
}

/** @param target an entry of packaging/targets.json */
function binary({ name, os, cpu, libc, what }) {
  const folder = path.join(stage, name);
  const file = `wspair.${name}.node`;
  mkdirSync(folder);
  cpSync(path.join(binaries, file), path.join(folder, file));
  writeFileSync(path.join(folder, 'README.md'), `# wspair-${name}\n\nThe native half of [wspair](https://www.npmjs.com/package/wspair) for ${what}.\n`);
  pack(folder, {
    name: `wspair-${name}`,
    version,
    description: `The native half of wspair for ${what}`,
    license,
    ...(repository && { repository }),
    main: file,
    files: [file, 'LICENSE-*'],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    // Yarn keeps packages zipped, and what is zipped can't be loaded into a process.
    preferUnplugged: true,
    engines: manifest.engines,
  });
}

function pack(folder, manifest) {
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const text of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(path.join(root, '..', text), path.join(folder, text));
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder, encoding: 'utf8' });
  console.log(path.join(out, packed.trim()));
}

mkdirSync(out, { recursive: true });
main();
const built = targets.filter(({ name }) => existsSync(path.join(binaries, `wspair.${name}.node`)));
if (built.length === 0) throw new Error(`there is no binary of a platform in packaging/targets.json in ${binaries}`);
built.forEach(binary);
rmSync(stage, { recursive: true });

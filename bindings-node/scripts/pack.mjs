// Packs the package and the one with its binary for this platform into a folder (default: build).
//
// The manifest that goes out names the binary packages as optional dependencies. The one in the
// repository does not: they are not in the registry before they are published.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { target } from './target.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.resolve(process.argv[2] ?? path.join(root, 'build'));
const stage = mkdtempSync(path.join(os.tmpdir(), 'wspair-pack-'));
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

const manifest = read(path.join(root, 'package.json'));
const binaries = readdirSync(path.join(root, 'npm')).map((dir) => read(path.join(root, 'npm', dir, 'package.json')));
for (const binary of binaries) {
  if (binary.version !== manifest.version) throw new Error(`${binary.name} is not at version ${manifest.version}`);
}
manifest.optionalDependencies = Object.fromEntries(binaries.map(({ name, version }) => [name, version]));
delete manifest.scripts;
delete manifest.devDependencies;
delete manifest.overrides;

const main = path.join(stage, 'wspair');
for (const folder of ['dist', 'types']) cpSync(path.join(root, folder), path.join(main, folder), { recursive: true });
cpSync(path.join(root, 'README.md'), path.join(main, 'README.md'));
writeFileSync(path.join(main, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const platform = path.join(stage, target);
if (!existsSync(path.join(root, 'npm', target))) throw new Error(`there is no package for ${target} in npm/`);
cpSync(path.join(root, 'npm', target), platform, { recursive: true });
cpSync(path.join(root, `wspair.${target}.node`), path.join(platform, `wspair.${target}.node`));

mkdirSync(out, { recursive: true });
for (const dir of [main, platform]) {
  for (const license of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(path.join(root, '..', license), path.join(dir, license));
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: dir, encoding: 'utf8' });
  console.log(path.join(out, packed.trim()));
}
rmSync(stage, { recursive: true });

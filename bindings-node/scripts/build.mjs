// Builds the native half with cargo and puts it beside package.json, then the shell with tsc.
//
// WSPAIR_PROFILE is cargo's profile: release unless set, fast for what is built only to be tested.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { target } from './target.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

const profile = process.env.WSPAIR_PROFILE ?? 'release';
const built = run('cargo', ['build', '--profile', profile, '--locked', '-p', 'wspair-node', '--message-format', 'json-render-diagnostics'])
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .findLast((message) => message.reason === 'compiler-artifact' && message.target.name === 'wspair_node');
const library = built.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));

// Removed first: a process that has it loaded keeps the old one.
const binary = path.join(root, `wspair.${target}.node`);
rmSync(binary, { force: true });
copyFileSync(library, binary);

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
run(process.execPath, [createRequire(import.meta.url).resolve('typescript/bin/tsc')]);

// The package has no dependencies: the parsers of its configuration come with it, with their licences.
for (const [from, to] of [
  ['smol-toml/dist/index.cjs', 'smol-toml/index.cjs'],
  ['smol-toml/LICENSE', 'smol-toml/LICENSE'],
  ['jsonc-parser/lib/umd', 'jsonc-parser'],
  ['jsonc-parser/LICENSE.md', 'jsonc-parser/LICENSE.md'],
]) {
  cpSync(path.join(root, 'node_modules', from), path.join(root, 'dist/vendored', to), { recursive: true, filter: (file) => !file.endsWith('.d.ts') });
}

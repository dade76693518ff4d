// Compiles the shell with tsc into dist, and puts there what comes with it.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [createRequire(import.meta.url).resolve('typescript/bin/tsc')], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

// The package has no dependencies: the parsers of its configuration come with it, with their licences.
for (const [from, to] of [
  ['smol-toml/dist/index.cjs', 'smol-toml/index.cjs'],
  ['smol-toml/LICENSE', 'smol-toml/LICENSE'],
  ['jsonc-parser/lib/umd', 'jsonc-parser'],
  ['jsonc-parser/LICENSE.md', 'jsonc-parser/LICENSE.md'],
]) {
  cpSync(path.join(root, 'node_modules', from), path.join(root, 'dist/vendored', to), { recursive: true, filter: (file) => !file.endsWith('.d.ts') });
}

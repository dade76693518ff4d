// Builds the native half with cargo and puts it beside package.json.
//
// WSPAIR_PROFILE is cargo's profile: release unless set, fast for what is built only to be tested.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { target } from './target.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const profile = process.env.WSPAIR_PROFILE ?? 'release';
const command = ['build', '--profile', profile, '--locked', '-p', 'wspair-node', '--message-format', 'json-render-diagnostics'];
const built = execFileSync('cargo', command, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .findLast((message) => message.reason === 'compiler-artifact' && message.target.name === 'wspair_node');
const library = built.filenames.find((file) => /\.(so|dylib|dll)$/.test(file));

// Removed first: a process that has it loaded keeps the old one.
const binary = path.join(root, `wspair.${target}.node`);
rmSync(binary, { force: true });
copyFileSync(library, binary);

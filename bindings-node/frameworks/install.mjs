// Puts the package, as it would be published, where the tests of this folder find it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const offline = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];

/** Packs it, and gives the tarballs to `use`. */
function withTarballs(use) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wspair-packed-'));
  try {
    return use(execFileSync(process.execPath, ['../scripts/pack.mjs', folder], { cwd: here, encoding: 'utf8' }).trim().split('\n'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Into a folder, whatever is there already. */
export function install(folder) {
  withTarballs((tarballs) => execFileSync('npm', ['install', '--no-save', ...offline, ...tarballs], { cwd: folder, stdio: 'pipe' }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install(here);

/** Finds the native half: a binary for this platform, or else the same as WebAssembly. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Native } from './native';
import { loadWasm } from './wasm/load';

export function load(): Native {
  const wanted = process.env.WSPAIR_WASM === '1';
  const libc = process.platform === 'linux' ? libcHere() : undefined;
  const tried: string[] = [];
  const native = wanted ? undefined : binary(names(libc), tried);
  if (native !== undefined) return native;
  const file = path.join(__dirname, '../../wspair.wasm');
  const here = `${process.platform} ${process.arch}${libc === undefined ? '' : ` with ${libc}`}, with Node ${process.version}`;
  const missing = `wspair has no binary that works here, on ${here}. It looked for\n${tried.join('\n')}\n`;
  try {
    const fallback = loadWasm(file) as Native;
    if (!wanted) process.emitWarning(`${missing}It runs as WebAssembly now, which is slower. ${REMEDY} WSPAIR_WASM=1 says that this is meant.`);
    return fallback;
  } catch (error) {
    throw new Error(`${wanted ? '' : missing}The fallback, ${file}, does not load: ${first(error)}\n${REMEDY}`);
  }
}

const REMEDY =
  'npm installs a package with the binary beside wspair, unless told to leave out optional dependencies, or by a lockfile from ' +
  'elsewhere: remove node_modules and the lockfile, and install again. Where there is no such package, build from source, with Rust ' +
  'and "npm run build".';

/** @param tried gets what was looked for in vain, with the reason */
function binary(names: string[], tried: string[]): Native | undefined {
  for (const name of names) {
    // Of a build from source, of the package.
    for (const file of [`../../wspair.${name}.node`, `wspair-${name}`]) {
      try {
        if (!file.endsWith('.node')) checkVersion(file);
        return require(file);
      } catch (error) {
        tried.push(`  ${file}: ${first(error)}`);
      }
    }
  }
  return undefined;
}

/**
 * A lockfile, or an update of one of the two, can leave the binary of another version, which may have other functions.
 */
function checkVersion(name: string): void {
  const { version } = require(`${name}/package.json`);
  const { version: own } = require('../../package.json');
  if (version !== own) throw new Error(`is of version ${version}, and wspair of ${own}`);
}

/** The first line of its message. */
function first(error: unknown): string {
  return String((error as Error).message).split('\n', 1)[0]!;
}

/** Binaries by platform, architecture and C library, as their packages are usually named; the likeliest first. */
function names(libc: string | undefined): string[] {
  const { platform, arch } = process;
  if (libc === undefined) return [`${platform}-${arch}`];
  // As a rule one for another C library does not load.
  const both = [`linux-${arch}-gnu`, `linux-${arch}-musl`];
  return libc === 'musl' ? both.reverse() : both;
}

function libcHere(): 'glibc' | 'musl' {
  try {
    // A report takes milliseconds, and most machines can do without: this is where musl has its loader.
    if (!readdirSync('/lib').some((name) => name.startsWith('ld-musl-'))) return 'glibc';
  } catch {
    return 'glibc';
  }
  const report = process.report?.getReport() as { header: { glibcVersionRuntime?: string } } | undefined;
  return report !== undefined && report.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

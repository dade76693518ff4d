/** Finds the native half: a binary for this platform, or else the same as WebAssembly. */

import path from 'node:path';
import type { Native } from './native';
import { loadWasm } from './wasm/load';

export function load(): Native {
  const tried: string[] = [];
  const wanted = process.env.WSPAIR_WASM === '1';
  const native = wanted ? undefined : binary(tried);
  if (native !== undefined) return native;
  const file = path.join(__dirname, '../../wspair.wasm');
  const { platform, arch, version } = process;
  const missing = `wspair has no binary that works here, on ${platform} ${arch} with Node ${version}. It looked for\n${tried.join('\n')}\n`;
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
function binary(tried: string[]): Native | undefined {
  for (const name of names()) {
    // Of a build from source, of the package.
    for (const file of [`../../wspair.${name}.node`, `wspair-${name}`]) {
      try {
        return require(file);
      } catch (error) {
        tried.push(`  ${file}: ${first(error)}`);
      }
    }
  }
  return undefined;
}

/** The first line of its message. */
function first(error: unknown): string {
  return String((error as Error).message).split('\n', 1)[0]!;
}

/** Binaries by platform, architecture and C library, as their packages are usually named. */
function names(): string[] {
  const { platform, arch } = process;
  // One for another C library does not load.
  return platform === 'linux' ? [`linux-${arch}-gnu`, `linux-${arch}-musl`] : [`${platform}-${arch}`];
}

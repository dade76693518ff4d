/** Finds the native half: a binary for this platform. */

import type { Native } from './native';

export function load(): Native {
  const tried: string[] = [];
  const found = binary(tried);
  if (found !== undefined) return found;
  const { platform, arch, version } = process;
  throw new Error(
    `wspair has no binary that works here, on ${platform} ${arch} with Node ${version}. It looked for\n` +
      `${tried.map((line) => `  ${line}\n`).join('')}` +
      `npm installs the package wspair-${names()[0]} beside wspair, unless told to leave out optional dependencies, or by a ` +
      'lockfile from elsewhere: remove node_modules and the lockfile, and install again. Where there is no such package, ' +
      'build from source, with Rust and "npm run build".',
  );
}

/** @param tried gets what was looked for in vain, with the reason */
function binary(tried: string[]): Native | undefined {
  for (const name of names()) {
    // Of a build from source, of the package.
    for (const file of [`../../wspair.${name}.node`, `wspair-${name}`]) {
      try {
        return require(file);
      } catch (error) {
        tried.push(`${file}: ${String((error as Error).message).split('\n', 1)[0]}`);
      }
    }
  }
  return undefined;
}

/** Binaries by platform, architecture and C library, as their packages are usually named. */
function names(): string[] {
  const { platform, arch } = process;
  // One for another C library does not load.
  return platform === 'linux' ? [`linux-${arch}-gnu`, `linux-${arch}-musl`] : [`${platform}-${arch}`];
}

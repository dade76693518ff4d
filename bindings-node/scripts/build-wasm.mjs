// Builds the native half as WebAssembly and puts it into a folder (default: beside package.json).
//
// WSPAIR_PROFILE as for build:native. Ends with 3 where Rust's standard library for it is not installed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = 'wasm32-unknown-unknown';
const run = (command, args, env = process.env) => {
  const { status, stdout } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) process.exit(1);
  return stdout;
};

if (!existsSync(run('rustc', ['--print', 'target-libdir', '--target', target]).trim())) {
  console.error(`build:wasm: RUST HAS NO ${target} HERE (rustup target add ${target}), NOTHING WAS BUILT`);
  process.exit(3);
}

const profile = process.env.WSPAIR_PROFILE ?? 'release';
const { CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain = '' } = process.env;
// Random numbers come from JavaScript; every engine has 128-bit vectors since 2021.
const flags = [...(encoded?.split('\x1f') ?? plain.split(' ')), '--cfg', 'getrandom_backend="custom"', '-Ctarget-feature=+simd128'];
const env = { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.filter((flag) => flag !== '').join('\x1f') };
const command = ['build', '--profile', profile, '--locked', '-p', 'wspair-node', '--target', target, '--message-format', 'json-render-diagnostics'];
const built = run('cargo', command, env)
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .findLast((message) => message.reason === 'compiler-artifact' && message.target.name === 'wspair_node');
copyFileSync(built.filenames.find((file) => file.endsWith('.wasm')), path.join(path.resolve(process.argv[2] ?? root), 'wspair.wasm'));

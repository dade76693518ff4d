// What the fallback costs: cases of run.mjs, natively and as WebAssembly, each beside the same peer.
// Ratios of our time to the peer's, as a table: small is good.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CASES = [
  'receive, binary, 16 B, ws',
  'receive, ASCII, 125 B, ws',
  'receive, ASCII, 1024 B, ws',
  'receive, binary, 16384 B, ws',
  'receive, binary, 1048576 B, ws',
  'send, server, ASCII, 125 B, ws',
  'send, server, binary, 65536 B, ws',
  'send, client, binary, 1024 B, ws',
  'pair, 32 in flight, Miniflare 2',
  'echo, connection, 32 B, 32 in flight, ws',
  'echo, serve, 32 B, 32 in flight, ws',
  'echo, serve, 32 B, 1 in flight, ws',
];
const run = fileURLToPath(new URL('run.mjs', import.meta.url));

function ratio(name, wasm) {
  const env = { ...process.env, WSPAIR_WASM: wasm };
  const lines = execFileSync(process.execPath, ['--expose-gc', run, name], { env, encoding: 'utf8' }).split('\n');
  const [, median, range, each] = /^.{44} +([\d.]+) +(\S+) +(\d+) ns/.exec(lines.find((line) => line.startsWith(name)));
  return { median, range, each };
}

console.log('| | native | WebAssembly | WebAssembly, ns each |\n|---|--:|--:|--:|');
for (const name of CASES) {
  const [native, wasm] = [ratio(name, '0'), ratio(name, '1')];
  console.log(`| ${name} | ${native.median} (${native.range}) | ${wasm.median} (${wasm.range}) | ${wasm.each} |`);
}

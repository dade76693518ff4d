// Runs the scenarios in both profiles and judges: all of the tiers contract and text must pass,
// and none may be left out. The tier quirk is printed. Arguments go to the
// runner: `--layer core,response,gc` leaves the network out.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const profiles = ['2026-11-17', '2023-01-01'];

const scratch = await mkdtemp(path.join(os.tmpdir(), 'pair-'));
let good = true;
for (const profile of profiles) {
  const json = path.join(scratch, `${profile}.json`);
  const output = await run(['--expose-gc', path.join(here, 'pair/run-node.mjs'), path.join(here, 'pair.mjs'), '--profile', profile, '--slow', '--json', json, ...process.argv.slice(2)]);
  let results;
  try {
    results = JSON.parse(await readFile(json, 'utf8'));
  } catch {
    console.log(`${profile}: the runner gave no results\n${output}`);
    good = false;
    continue;
  }
  for (const tier of ['contract', 'text', 'quirk']) {
    const all = results.filter((r) => r.tier === tier);
    const passed = all.filter((r) => r.status === 'pass');
    const rest = all.filter((r) => !passed.includes(r));
    console.log(`${profile} ${tier.padEnd(8)} ${passed.length}/${all.length} pass`);
    for (const r of rest) {
      console.log(`  ${tier === 'quirk' ? 'differs' : 'FAILS'} ${r.id} ${detail(r)}`);
    }
    if (tier !== 'quirk' && (rest.length > 0 || passed.length === 0)) good = false;
  }
}
await rm(scratch, { recursive: true });
process.exitCode = good ? 0 : 1;

function detail(r) {
  if (r.status === 'unsupported') return `needs ${r.missing}`;
  if (r.failure) return r.failure;
  return `\n    want ${JSON.stringify(r.want)}\n    got  ${JSON.stringify(r.got)}`;
}

// The runner's exit code counts every scenario; only its results are of interest here.
function run(args) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 1 << 28 }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

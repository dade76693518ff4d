// Replays the recorded rows, in memory and on disk, with the SQLite that this Node has. Every row says
// what it said in workerd, or what `differences.mjs` has for it, with the reason.
//
//   node check.mjs [program…]
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { differences } from './differences.mjs';
import { settings } from './settings.mjs';
import { library, start } from './host.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const chosen = process.argv.slice(2);
const all = (await readdir(path.join(here, 'recorded'))).map((name) => path.basename(name, '.json'));
const sqlite = library()?.name ?? 'no SQLite';
const major = Number(process.versions.node.split('.')[0]);
let good = true;

for (const program of chosen.length > 0 ? chosen : all) {
  const recorded = JSON.parse(await readFile(path.join(here, 'recorded', `${program}.json`), 'utf8'));
  for (const where of ['memory', 'disk']) {
    if (where === 'disk' && library() === undefined) continue;
    await replay(program, recorded, where);
  }
}
process.exitCode = good ? 0 : 1;

async function replay(program, recorded, where) {
  const about = await settings(program);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'durable-'));
  const serving = await start(program, where === 'memory' ? 'memory' : folder, about);
  const ask = async (row) => {
    const response = await fetch(`${serving.url}row/${encodeURIComponent(row)}`);
    return response.ok ? response.json() : `HTTP ${response.status}: ${await response.text()}`;
  };
  const rows = Object.keys(recorded);
  const together = about.together ? rows.map(ask) : [];
  const counts = { equal: 0, excused: 0 };
  for (const [i, row] of rows.entries()) {
    const said = await (together[i] ?? ask(row));
    const excuses = differences.filter((each) => each.program === program && each.row === row && (each.where?.({ sqlite, major, where }) ?? true));
    const wanted = excuses.reduce((text, { said: parts }) => replaced(text, parts), recorded[row]);
    // There is no SQL without SQLite.
    if (library() === undefined && said.includes('wspair: the SQL API needs')) counts.excused++;
    else if (said !== wanted) {
      good = false;
      console.log(`  ${program}: ${row}\n${compare(wanted, said)}`);
    } else if (excuses.length > 0) counts.excused++;
    else counts.equal++;
  }
  console.log(`${program}, ${sqlite} on Node ${process.versions.node}, ${where}: ${counts.equal} of ${rows.length} equal, ${counts.excused} say why not`);
  await serving.close();
  await rm(folder, { recursive: true });
}

/** A row with some of its parts, by their places, or the whole of it, as they are here. */
function replaced(text, here) {
  if (typeof here === 'string') return here;
  const parts = text.split('; ');
  for (const [i, part] of Object.entries(here)) parts[i] = part;
  return parts.join('; ');
}

/** Only the parts that are not the same. */
function compare(wanted, said) {
  const [a, b] = [wanted.split('; '), said.split('; ')];
  const lines = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) lines.push(`    ${i} wanted  ${a[i]}\n    ${i} here    ${b[i]}`);
  return lines.join('\n');
}

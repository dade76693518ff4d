// Runs the programs in workerd and writes what their rows say to `recorded/`.
//
//   WORKERD=path node record.mjs [program…]
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from './settings.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const chosen = process.argv.slice(2);
const all = (await readdir(path.join(here, 'programs'))).filter((name) => name.endsWith('.mjs')).map((name) => name.slice(0, -4));

for (const program of chosen.length > 0 ? chosen : all) {
  const about = await settings(program);
  const runtime = await start(program, about);
  try {
    const recorded = {};
    const rows = await (await fetch(`${runtime.base}/rows`)).json();
    const record = async (row) => {
      const response = await fetch(`${runtime.base}/row/${encodeURIComponent(row)}`);
      return response.ok ? response.json() : `HTTP ${response.status}: ${await response.text()}`;
    };
    // Those that wait for alarms and the like do so at the same time.
    const together = about.together ? rows.map(record) : [];
    for (const [i, row] of rows.entries()) recorded[row] = await (together[i] ?? record(row));
    await writeFile(path.join(here, 'recorded', `${program}.json`), `${JSON.stringify(recorded, undefined, 1)}\n`);
    console.log(`${program}: ${Object.keys(recorded).length} rows`);
  } finally {
    runtime.stop();
  }
}

async function start(program, { date, flags, classes, sql }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'durable-'));
  const port = await freePort();
  // What is embedded is looked for beside the configuration.
  await copyFile(path.join(here, 'programs', `${program}.mjs`), path.join(folder, 'program.mjs'));
  await copyFile(path.join(here, 'rows.mjs'), path.join(folder, 'rows.mjs'));
  const list = (items) => `[${items.join(', ')}]`;
  await writeFile(
    path.join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = ${list([`(name = "programs/${program}.mjs", esModule = embed "program.mjs")`, '(name = "rows.mjs", esModule = embed "rows.mjs")'])},
      compatibilityDate = "${date}", compatibilityFlags = ${list(flags.map((flag) => `"${flag}"`))},
      bindings = ${list(classes.map((name) => `(name = "${name.toUpperCase()}", durableObjectNamespace = "${name}")`))},
      durableObjectNamespaces = ${list(classes.map((name) => `(className = "${name}", uniqueKey = "key-${name}"${sql ? ', enableSql = true' : ''})`))},
      durableObjectStorage = (localDisk = "disk"),
    )),
    (name = "disk", disk = (path = "${folder}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
  );
  const child = spawn(process.env.WORKERD ?? 'workerd', ['serve', '--experimental', 'config.capnp'], { cwd: folder, stdio: ['ignore', 'inherit', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  const base = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${base}/rows`).then((response) => response.ok, () => false))) {
    if (child.exitCode !== null) throw new Error(`workerd ended:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    base,
    stop() {
      child.kill('SIGKILL');
      if (process.env.LOG) console.error(log);
      child.once('exit', () => void rm(folder, { recursive: true, force: true }));
    },
  };
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Two processes with Redis between. Skipped, loudly, where there is none.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const missing = spawnSync('redis-server', ['--version']).error !== undefined;
if (missing) console.error('SKIPPED: there is no redis-server, so NO FAN-OUT WAS TESTED (Debian has it as redis-server)');

test('what a client of one process says reaches the clients of both', { skip: missing, timeout: 60_000 }, () => {
  const demo = fileURLToPath(new URL('../examples/fanout/demo.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo], { encoding: 'utf8', timeout: 50_000 });
  assert.equal(status, 0, stdout + stderr);
  const lines = stdout.split('\n').filter((line) => line.includes(' hears ')).sort();
  const said = ['ada: hello from the first server', 'bob: hello from the second'];
  assert.deepEqual(lines, ['ada', 'bob'].flatMap((name) => said.map((text) => `${name} hears "${text}"`)));
});

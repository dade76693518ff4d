// Test runners with the package as it is installed: each is started as its users start it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Runs one of the installed commands. All of its tests must have run. */
function passes(command, args, counted, env = {}) {
  const file = path.join(here, 'node_modules', command);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', CI: '1', NODE_TEST_CONTEXT: '', ...env },
  });
  const output = stdout + stderr;
  assert.equal(status, 0, output);
  assert.match(output, counted);
}

const jest = (args, count, env) => passes('jest/bin/jest.js', args, new RegExp(`Tests: +${count} passed, ${count} total`), env);
const modules = { NODE_OPTIONS: '--experimental-vm-modules' };

test('Jest, CommonJS', () => jest(['require.test'], 4));
test('Jest, CommonJS, jsdom', () => jest(['require.test', '--env=jsdom'], 4));
test('Jest, CommonJS, all timers fake from the start', () => jest(['require.test', '--fakeTimers={"enableGlobally":true}'], 4));
test('Jest, modules', () => jest(['runner.test'], 7, modules));

for (const options of [['--pool=forks'], ['--pool=threads'], ['--pool=vmThreads'], ['--environment=happy-dom']]) {
  test(`Vitest, ${options}`, () => passes('vitest/vitest.mjs', ['run', ...options], /Tests +7 passed \(7\)/));
}

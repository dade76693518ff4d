// What a whole process does: exits, survives, runs in threads.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const run = (code, ...flags) => {
  const cwd = path.join(__dirname, '..');
  return spawnSync(process.execPath, [...flags, '-e', code], { cwd, encoding: 'utf8', timeout: 30_000 });
};
const setup = `
  const { WebSocketPair } = require('wspair');
  const [a, b] = Object.values(new WebSocketPair());
  a.accept(); b.accept();
`;

test('a listener that throws is reported, and the process goes on', () => {
  const { status, stdout, stderr } = run(`${setup}
    b.onmessage = () => { throw new RangeError('boom'); };
    a.onclose = (event) => console.log(event.code);
    a.send('x');
  `);
  assert.equal(stdout, '1006\n');
  assert.match(stderr, /^Uncaught RangeError: boom\n +at /);
  assert.equal(status, 0);
});

test('a listener that rejects is reported, and the process goes on', () => {
  const { status, stdout, stderr } = run(`${setup}
    b.onmessage = async (event) => { if (event.data === '1') throw new RangeError('boom'); console.log(event.data); };
    a.send('1'); a.send('2');
  `);
  assert.equal(stdout, '2\n');
  assert.match(stderr, /^Uncaught RangeError: boom/);
  assert.equal(status, 0);
});

test('what is under way is delivered before the process ends, open ends do not hold it', () => {
  const { status, stdout } = run(`${setup} b.onmessage = (event) => console.log(event.data); a.send('last');`);
  assert.equal(stdout, 'last\n');
  assert.equal(status, 0);
});

test('each thread has its own pairs', () => {
  const { status, stdout, stderr } = run(`
    const { Worker } = require('node:worker_threads');
    const code = ${JSON.stringify(`${setup}
      const { parentPort, threadId } = require('node:worker_threads');
      b.onmessage = (event) => parentPort.postMessage(event.data);
      a.send('from ' + threadId);
    `)};
    const threads = [1, 2, 3].map(() => new Worker(code, { eval: true }));
    Promise.all(threads.map((thread) => new Promise((resolve) => thread.on('message', resolve))))
      .then((all) => console.log(all.sort().join(', ')));
  `);
  assert.equal(stdout, 'from 1, from 2, from 3\n', stderr);
  assert.equal(status, 0);
});

test('both ways of importing give the same classes', () => {
  const { stdout, stderr } = run(
    `import * as esm from 'wspair';
     import { createRequire } from 'node:module';
     const cjs = createRequire(process.cwd() + '/x.js')('wspair');
     console.log(Object.keys(cjs).every((name) => cjs[name] === esm[name]), Object.keys(cjs).length);`,
    '--input-type=module',
  );
  assert.match(stdout, /^true \d+\n$/, stderr);
});

test('a mistake in the shell becomes an exception, not a crash', () => {
  const { status, stdout } = run(`
    const { native } = require('./dist/native.js');
    for (const call of [() => native.pairSend(1e6, 1), () => native.pairClose(1e6, 1000), () => native.pairAttach(1e6, new Uint8Array(1))]) {
      try { call(); } catch (error) { console.log(error instanceof Error, error.message); }
    }
  `);
  // WebAssembly cannot unwind: Rust takes each panic after the first for one within it, and only ends the call.
  const later = process.env.WSPAIR_WASM === '1' ? 'unreachable' : 'the pair is alive';
  assert.equal(stdout, `true the pair is alive\ntrue ${later}\ntrue ${later}\n`);
  assert.equal(status, 0);
});

// What only the fallback could get wrong: its memory, which grows and never shrinks, and instances in threads.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const fallback = fileURLToPath(new URL('../wspair.wasm', import.meta.url));
const skip = !existsSync(fallback) && 'wspair.wasm was not built';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** Runs a program on the fallback, in which `wspair` is the package and `heap()` the bytes that its memory has. */
function run(program, flags = []) {
  const text = `
    const assert = require('node:assert/strict');
    const { Instance } = WebAssembly;
    let memory;
    WebAssembly.Instance = class extends Instance {
      constructor(...args) {
        super(...args);
        memory = this.exports.memory;
      }
    };
    const heap = () => memory.buffer.byteLength;
    const wspair = require(${JSON.stringify(entry)});
    (async () => {${program}})();`;
  const env = { ...process.env, WSPAIR_WASM: '1' };
  const { status, stderr, stdout } = spawnSync(process.execPath, [...flags, '-e', text], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

describe('the fallback', { skip }, () => {
  test('takes and gives a message of many megabytes, for which its memory has to grow in the middle of a call', () => {
    run(`
      const limits = { maxMessage: Infinity, maxOutgoing: Infinity };
      const client = new wspair.Connection('client', limits);
      const server = new wspair.Connection('server', limits);
      const before = heap();
      const bytes = Buffer.alloc(30_000_000, 'abcdefg');
      client.sendBinary(bytes);
      client.sendText(bytes.toString('latin1'));
      const [binary, text] = server.receive(client.flush());
      assert.ok(heap() > before + bytes.length);
      assert.ok(Buffer.from(binary.data).equals(bytes));
      assert.ok(Buffer.from(text.data, 'latin1').equals(bytes));
    `);
  });
  test('uses again what connections have left', () => {
    run(`
      const round = () => {
        const ends = Array.from({ length: 5_000 }, () => new wspair.Connection('server'));
        const client = new wspair.Connection('client');
        client.sendText('x'.repeat(1_000));
        const frame = client.flush();
        for (const end of ends) {
          // A frame of which the end is still to come, so that something is kept.
          end.receive(Buffer.from(frame.subarray(0, 900)));
          end.sendText('y'.repeat(1_000));
        }
        return ends.length;
      };
      const collect = async () => {
        for (let i = 0; i < 10; i++) {
          gc();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      round();
      await collect();
      const after = heap();
      for (let i = 0; i < 8; i++) {
        round();
        await collect();
      }
      assert.ok(heap() <= after * 1.5, heap() + ' bytes, and ' + after + ' after one round');
    `, ['--expose-gc']);
  });
  test('has an instance for each thread, none of which outlives its thread or sees another', () => {
    run(`
      const { Worker } = require('node:worker_threads');
      const program = \`
        const { WebSocketPair } = require(${JSON.stringify(entry)});
        const { parentPort, workerData } = require('node:worker_threads');
        const [client, server] = Object.values(new WebSocketPair());
        client.accept();
        server.accept();
        server.onmessage = ({ data }) => parentPort.postMessage(data + workerData);
        client.send('thread ');
      \`;
      const threads = Array.from({ length: 8 }, (_, at) => new Worker(program, { eval: true, workerData: at }));
      const said = await Promise.all(threads.map((thread) => new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject))));
      assert.deepEqual(said, threads.map((_, at) => 'thread ' + at));
      await Promise.all(threads.map((thread) => thread.terminate()));
      const conn = new wspair.Connection('server');
      conn.sendText('here');
      assert.equal(conn.flush().length, 6);
    `);
  });
});

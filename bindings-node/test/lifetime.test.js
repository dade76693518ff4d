// What is kept alive, what is collected, and that nothing is left of it. Needs --expose-gc.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { WebSocketPair } = require('wspair');
const { native } = require('../dist/native.js');
const { takeEnd } = require('../dist/internal.js');

const collect = async (until = () => false) => {
  for (let i = 0; i < 20 && !until(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 2)); // sleeps: to look again
    global.gc();
  }
};
const ends = () => Object.values(new WebSocketPair());
const codes = (end) => {
  const seen = [];
  end.addEventListener('close', (event) => seen.push(event.code));
  return seen;
};

test('holding an unaccepted end, or its pair, keeps it', async () => {
  const pair = new WebSocketPair();
  pair[0].accept();
  const [a, b] = ends();
  a.accept();
  const seen = [codes(pair[0]), codes(a)];
  await collect();
  assert.deepEqual(seen, [[], []]);
  b.accept();
  pair[1].accept();
});

test('holding only the other end does not keep it', async () => {
  const [a] = ends();
  a.accept();
  const seen = codes(a);
  await collect(() => seen.length > 0);
  assert.deepEqual(seen, [1006]);
  assert.equal(a.readyState, 2);
});

test('the accepted end hears of it though nobody holds that one either', async () => {
  const seen = (() => {
    const [a] = ends();
    a.accept();
    return codes(a);
  })();
  await collect(() => seen.length > 0);
  assert.deepEqual(seen, [1006]);
});

test('what was sent before still arrives', async () => {
  const [a, seen] = (() => {
    const [a, b] = ends();
    const seen = [];
    a.addEventListener('message', (event) => seen.push(event.data));
    b.accept();
    b.send('last words');
    return [a, seen];
  })();
  await collect();
  a.accept();
  await collect(() => seen.length > 0);
  assert.deepEqual(seen, ['last words']);
});

test('an end that went to the network is not missed', async () => {
  const [a, wire] = (() => {
    const [a, b] = ends();
    a.accept();
    return [a, takeEnd(b)];
  })();
  const seen = codes(a);
  await collect();
  assert.deepEqual(seen, []);
  wire.lost();
  await collect(() => seen.length > 0);
  assert.deepEqual(seen, [1006]);
});

test('an accepted end lives as long as the wire', async () => {
  let got;
  const wire = (() => {
    const [a, b] = ends();
    a.accept();
    a.onmessage = (event) => (got = event.data);
    return takeEnd(b);
  })();
  await collect();
  wire.deliver('x', 1);
  await collect(() => got !== undefined);
  assert.equal(got, 'x');
});

test('100,000 pairs, used and dropped, leave nothing', { timeout: 120_000 }, async () => {
  const round = async (count) => {
    for (let i = 0; i < count; i++) {
      const [a, b] = ends();
      b.serializeAttachment({ i });
      a.accept();
      if (i % 4 === 0) continue;
      b.accept();
      b.addEventListener('message', (event) => b.send(event.data));
      a.addEventListener('message', () => i % 2 === 0 && a.close(1000, 'bye'));
      a.send('hello');
      if (i % 1000 === 999) await new Promise(setImmediate);
    }
    await collect(() => native.pairCount() === 0);
    // What waited for its finalizer is garbage only now.
    await collect();
    return process.memoryUsage();
  };
  await collect(() => native.pairCount() === 0);
  let before = await round(10_000);
  let after = await round(100_000);
  // The memory of WebAssembly stays as large as it was when most pairs waited for the collector, which differs
  // between rounds. A leak would cost more than 30 MB in each.
  const isWasm = process.env.WSPAIR_WASM === '1';
  const most = isWasm ? 16 << 20 : 1 << 20;
  for (let more = isWasm ? 4 : 0; more > 0 && after.external - before.external >= most; more--) {
    before = after;
    after = await round(100_000);
  }
  assert.equal(native.pairCount(), 0);
  assert.ok(after.heapUsed - before.heapUsed < 2 << 20, `the heap grew by ${after.heapUsed - before.heapUsed} bytes`);
  assert.ok(after.external - before.external < most, `external memory grew by ${after.external - before.external} bytes`);
});

// Texts arrive as they were sent, however they are made: in the input, from several pieces, compressed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from 'wspair';

const units = { ASCII: 'a', 'Latin-1': 'é', CJK: '漢', emoji: '😀', 'ASCII and Latin-1': 'aé', 'ASCII and emoji': 'ab😀', all: 'aé漢😀', NUL: '\0', 'a byte order mark': '\ufeffx' };
const deflate = { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: 15, clientMaxWindowBits: 15 };

function received(text, { chunk = Infinity, agreed = {} } = {}) {
  const client = new Connection('client', {}, agreed);
  const server = new Connection('server', { maxMessage: Infinity }, agreed);
  client.sendText(text, agreed.deflate !== undefined);
  const bytes = client.flush();
  const events = [];
  for (let at = 0; at < bytes.length; at += chunk) events.push(...server.receive(bytes.subarray(at, Math.min(at + chunk, bytes.length))));
  assert.deepEqual(events.map(({ type }) => type), ['text']);
  return events[0].data;
}

for (const [kind, unit] of Object.entries(units)) {
  test(`of ${kind}`, () => {
    for (const length of [0, 1, 2, 7, 8, 15, 16, 31, 33, 63, 64, 65, 127, 128, 129, 255, 300, 1_000, 20_000]) {
      const text = unit.repeat(length);
      assert.equal(received(text), text, `${length} whole`);
      assert.equal(received(text, { agreed: { deflate } }), text, `${length} compressed`);
      for (const chunk of [1, 7, 100, 4_096]) {
        if (chunk * 2_000 > text.length) assert.equal(received(text, { chunk }), text, `${length} in chunks of ${chunk}`);
      }
    }
  });
}

test('of megabytes', () => {
  for (const unit of ['a', 'é', '漢', 'aé漢😀']) {
    const text = unit.repeat(Math.ceil(1_100_000 / unit.length));
    for (const chunk of [Infinity, 65_536]) assert.ok(received(text, { chunk }) === text, `${unit} in ${chunk}`);
  }
});

test('several of one input, and behind each other', () => {
  const client = new Connection('client');
  const texts = ['', 'a', 'é', '漢', '😀', 'x'.repeat(500), '漢'.repeat(500), 'end'];
  for (const text of texts) client.sendText(text);
  assert.deepEqual(new Connection('server').receive(client.flush()), texts.map((data) => ({ type: 'text', data })));
});

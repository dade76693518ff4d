// How a connection ends, on both sides: what was said before is answered, and nothing is left.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import * as wspair from 'wspair';
import { certificate, closeFrame, dialRaw, frame, logged, serving, until, upgradeHead, watch, withEnd } from './helpers.mjs';

const { key, cert } = certificate();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)); // sleeps: the time is what is tested

/** An end that answers each message by `answer`, and what happened at it. */
function answering(answer) {
  const seen = [];
  const use = (end) => {
    end.addEventListener('message', async (event) => {
      seen.push(event.data);
      await answer(end, event.data);
    });
    end.addEventListener('close', ({ code, reason, wasClean }) => seen.push([code, reason, wasClean]));
    if (end.readyState === 1) end.accept();
  };
  return { seen, use };
}

/** Why what is about a socket's own buffers is left out. */
const blind = process.env.WSPAIR_WASM === '1' && 'only native code is told what the system holds of a socket';

/** Ways of answering, from at once to later than the close. */
const answers = {
  'at once': (end, data) => end.send(`re ${data}`),
  'a microtask later': async (end, data) => (await null, end.send(`re ${data}`)),
  'two answers each': async (end, data) => (end.send('re'), await null, end.send(data)),
};

const unmasked = (opcode, payload) => {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from([0x80 | opcode, bytes.length]), bytes]);
};

/** The payloads of the frames that were sent, as text with a letter before it. */
function framesIn(bytes, masked) {
  const frames = [];
  for (let at = 0; at < bytes.length; ) {
    const opcode = bytes[at] & 15;
    let length = bytes[at + 1] & 127;
    let from = at + 2;
    if (length === 126) [length, from] = [bytes.readUInt16BE(from), from + 2];
    else if (length === 127) [length, from] = [Number(bytes.readBigUInt64BE(from)), from + 8];
    const mask = masked ? bytes.subarray(from, (from += 4)) : undefined;
    const payload = Buffer.from(bytes.subarray(from, from + length));
    if (mask) for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
    frames.push(opcode === 8 ? `close ${payload.length >= 2 ? payload.readUInt16BE(0) : ''}` : payload.toString());
    at = from + length;
  }
  return frames;
}

/** A server that answers the handshake by hand, and hands the rest of it to `then`. */
async function rawServer(t, then) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let head = '';
    socket.on('error', () => {});
    const read = (bytes) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read);
      const accept = createHash('sha1').update(`${/key: (.*)\r\n/i.exec(head)[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      const heard = [];
      socket.on('data', (bytes) => heard.push(bytes));
      then(socket, Buffer.from(answer), () => Buffer.concat(heard), head);
    };
    socket.on('data', read);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

const clients = {
  'new WebSocket': (url, use) => use(new wspair.WebSocket(url)),
  fetch: async (url, use) => use((await wspair.fetch(url.replace('ws', 'http'), { headers: { upgrade: 'websocket' } })).webSocket),
};

const servers = { plain: {}, TLS: { tls: { key, cert } } };
const dialTo = (port, name) => dialRaw(port, name === 'TLS' ? { connect: tls.connect, ca: cert, host: 'localhost', family: 4 } : {});

describe('behind three messages', () => {
  const texts = ['a', 'b', 'c'];
  const replies = (how) => texts.flatMap((text) => (how === 'two answers each' ? ['re', text] : [`re ${text}`]));
  const endings = {
    'a Close and the end': [[closeFrame(1000)], ['close 1000'], [1000, '', true]],
    'the end': [[], [], [1006, 'WebSocket disconnected without sending Close frame.', false]],
  };
  for (const [ending, [last, told, close]] of Object.entries(endings)) {
    for (const [how, answer] of Object.entries(answers)) {
      for (const [name, options] of Object.entries(servers)) {
        test(`${ending}: a ${name} server answers all, ${how}`, async (t) => {
          const { seen, use } = answering(answer);
          const { port } = await serving(t, withEnd(wspair, use), options);
          const raw = await dialTo(port, name);
          raw.write(upgradeHead());
          await until(() => raw.text().includes('\r\n\r\n'));
          raw.end(...texts.map((text) => frame(1, text)), ...last);
          await raw.over;
          assert.deepEqual(framesIn(raw.behindHead()).sort(), [...replies(how), ...told].sort());
          assert.equal(framesIn(raw.behindHead()).at(-1), told.at(-1) ?? replies(how).at(-1));
          await until(() => seen.length === 4);
          assert.deepEqual(seen, [...texts, close]);
        });
      }
      for (const [client, connect] of Object.entries(clients)) {
        for (const [when, wait] of [['in one go with the 101', 0], ['later', 20]]) {
          test(`${ending}, ${when}: ${client} answers all, ${how}`, async (t) => {
            let hear;
            let ended = false;
            const { url } = await rawServer(t, async (socket, answer, heard) => {
              hear = heard;
              socket.on('end', () => (ended = true));
              const rest = Buffer.concat([...texts.map((text) => unmasked(1, text)), ...last.map(() => unmasked(8, Buffer.from([3, 0xe8])))]);
              if (wait === 0) return socket.end(Buffer.concat([answer, rest]));
              socket.write(answer);
              await sleep(wait); // sleeps: what is sent comes in two reads
              socket.end(rest);
            });
            const { seen, use } = answering(answer);
            await connect(url, use);
            await until(() => ended && seen.length === 4);
            assert.deepEqual(framesIn(hear(), true).sort(), [...replies(how), ...told].sort());
            assert.deepEqual(seen, [...texts, close]);
          });
        }
      }
    }
  }

  test('the end: answers that take their time are waited for, a little', async (t) => {
    const { seen, use } = answering(async (end, data) => (await sleep(40), end.send(`re ${data}`))); // sleeps: an application that takes its time
    const { port } = await serving(t, withEnd(wspair, use));
    const raw = await dialRaw(port);
    raw.end(upgradeHead(), ...texts.map((text) => frame(1, text)));
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), ['re a', 're b', 're c']);
    assert.deepEqual(seen.map((entry) => entry[0]), ['a', 'b', 'c', 1006]);
  });

  test('the end: binary messages, read as blobs', async (t) => {
    const { port } = await serving(t, (request) => {
      const [client, end] = Object.values(new wspair.WebSocketPair());
      end.accept();
      end.addEventListener('message', async ({ data }) => end.send(await data.arrayBuffer()));
      return new wspair.Response(null, { status: 101, webSocket: client });
    });
    const raw = await dialRaw(port);
    raw.end(upgradeHead(), ...texts.map((text) => frame(2, text)));
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), texts);
  });

  test('the end: an answer that never comes is not waited for', async (t) => {
    const { seen, use } = answering(() => new Promise(() => {}));
    const { port } = await serving(t, withEnd(wspair, use));
    const raw = await dialRaw(port);
    const began = Date.now();
    raw.end(upgradeHead(), frame(1, 'a'));
    await until(() => seen.length === 2);
    assert.ok(Date.now() - began < 4_000);
    assert.equal(seen[1][0], 1006);
    await raw.over;
  });

  test('the end: an end that is accepted only then', async (t) => {
    let late;
    const { port } = await serving(t, withEnd(wspair, (end) => (late = end)));
    const raw = await dialRaw(port);
    raw.end(upgradeHead(), ...texts.map((text) => frame(1, text)));
    await until(() => late && raw.text().includes('\r\n\r\n'));
    await sleep(50); // sleeps: the peer has ended its direction before
    const { seen, use } = answering((end, data) => end.send(`re ${data}`));
    use(late);
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), ['re a', 're b', 're c']);
    assert.deepEqual(seen.map((entry) => entry[0]), ['a', 'b', 'c', 1006]);
  });
});

describe('after both Close frames', () => {
  test('a server ends the connection at once, whatever its client does', async (t) => {
    const { port } = await serving(t, withEnd(wspair, (end) => end.accept()));
    const raw = await dialRaw(port);
    raw.write(upgradeHead(), closeFrame(4000, 'bye'));
    const began = Date.now();
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), ['close 4000']);
    assert.ok(Date.now() - began < 1_500);
    raw.socket.destroy();
  });

  for (const [client, connect] of Object.entries(clients)) {
    test(`${client} drops a server that does not end within 2 s`, async (t) => {
      let dropped;
      const { url } = await rawServer(t, (socket, answer) => {
        socket.write(Buffer.concat([answer, Buffer.from([0x88, 2, 3, 0xe8])]));
        const began = Date.now();
        socket.on('close', () => (dropped = Date.now() - began));
        socket.on('end', () => socket.end());
      });
      let closed;
      await connect(url, (end) => {
        closed = watch(end).closed;
        if (end.readyState === 1) end.accept();
      });
      assert.deepEqual(await closed, [1000, '', true]);
      await until(() => dropped !== undefined);
      assert.ok(dropped > 1_000 && dropped < 5_000, `${dropped} ms`);
    });
  }

  test('what a slow client has yet to read is not cut off', async (t) => {
    const size = 24 << 20;
    const { port } = await serving(
      t,
      withEnd(wspair, (end) => {
        end.accept();
        end.send(new Uint8Array(size));
        end.close(1000, 'done');
      }),
      { deflate: false },
    );
    const raw = await dialRaw(port);
    raw.write(upgradeHead(), closeFrame(1000));
    // About 7 MB/s: longer than the 2 s that a socket has which does not move.
    raw.socket.on('data', () => {
      raw.socket.pause();
      setTimeout(() => raw.socket.resume(), 9);
    });
    await until(() => raw.state !== 'open', 30_000);
    const bytes = raw.behindHead();
    assert.equal(bytes.length, 10 + size + 8);
    assert.equal(bytes.subarray(-8).toString('hex'), `880603e8${Buffer.from('done').toString('hex')}`);
  });
});

describe('a broken rule', () => {
  const reserved = (at) => Buffer.from([at, 0x80, 0, 0, 0, 0]);
  const cases = {
    UNMASKED: [Buffer.from([0x81, 1, 0x78]), 1002],
    RESERVED_BITS: [reserved(0xf1), 1002],
    RESERVED_OPCODE: [reserved(0x83), 1002],
    FRAGMENTED_CONTROL: [reserved(0x09), 1002],
    UNEXPECTED_CONTINUATION: [reserved(0x80), 1002],
    TEXT_NOT_UTF8: [frame(1, '\xff'), 1007],
    CLOSE_BODY: [frame(8, '\x03'), 1002],
    CLOSE_CODE: [closeFrame(1005), 1002],
    MESSAGE_TOO_LONG: [frame(1, 'x'.repeat(101)), 1009],
    TOO_MANY_FRAGMENTS: [Buffer.concat([0x01, 0, 0, 0].map((first) => Buffer.from([first, 0x80, 0, 0, 0, 0]))), 1008],
  };
  for (const [rule, [bytes, code]] of Object.entries(cases)) {
    test(`${rule} is told to the end as a value, behind what came before, and to the peer as ${code}`, async (t) => {
      const lines = logged(t);
      const errors = [];
      const { seen, use } = answering(answers['at once']);
      const { port } = await serving(
        t,
        withEnd(wspair, (end) => (use(end), end.addEventListener('error', ({ error }) => errors.push(error)))),
        { limits: { maxMessage: 100, maxFragments: 3 } },
      );
      const raw = await dialRaw(port);
      raw.write(upgradeHead(), frame(1, 'before'), bytes);
      await raw.over;
      assert.deepEqual(framesIn(raw.behindHead()), ['re before', `close ${code}`]);
      await until(() => errors.length === 1);
      assert.deepEqual([errors[0].code, Object.keys(errors[0])], [rule, []]);
      if (rule === 'MESSAGE_TOO_LONG') assert.deepEqual([errors[0].length, errors[0].limit], [101, 100]);
      assert.deepEqual([seen, lines], [['before'], []]);
      raw.socket.destroy();
    });
  }
});

describe('without an answer', () => {
  test('to the Worker\'s Close, the client is dropped at the deadline', async (t) => {
    let end;
    const { port } = await serving(t, withEnd(wspair, (kept) => (end = kept).accept()), { limits: { closeWithin: 100 } });
    const { closed } = watch({ addEventListener: (...args) => until(() => end).then(() => end.addEventListener(...args)) });
    const raw = await dialRaw(port);
    raw.write(upgradeHead());
    await until(() => end);
    end.close(4000, 'bye');
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), ['close 4000']);
    const [code, , clean] = await closed;
    assert.deepEqual([code, clean], [1006, false]);
  });

  test('to a flood during its Close: discarded, and still closed', async (t) => {
    const seen = [];
    let end;
    const { port } = await serving(t, withEnd(wspair, (kept) => {
      end = kept;
      end.accept();
      end.addEventListener('message', ({ data }) => seen.push(data));
      end.addEventListener('close', ({ code, wasClean }) => seen.push([code, wasClean]));
    }), { limits: { closeWithin: 300 } });
    const raw = await dialRaw(port);
    raw.write(upgradeHead());
    await until(() => end);
    end.close(1000);
    for (let i = 0; i < 1_000; i++) raw.write(frame(1, 'x'.repeat(100)));
    raw.write(closeFrame(1000));
    await raw.over;
    assert.deepEqual(framesIn(raw.behindHead()), ['close 1000']);
    await until(() => seen.some((entry) => Array.isArray(entry)));
    assert.deepEqual(seen.at(-1), [1000, true]);
  });
});

describe('a connection that breaks', () => {
  for (const [name, options] of Object.entries(servers)) {
    test(`in mid-frame is a 1006, without a log line (${name})`, async (t) => {
      const lines = logged(t);
      const { seen, use } = answering(() => {});
      const { port } = await serving(t, withEnd(wspair, use), options);
      const raw = await dialTo(port, name);
      raw.write(upgradeHead());
      await until(() => raw.text().includes('\r\n\r\n'));
      raw.write(frame(1, 'whole'), frame(1, 'half').subarray(0, 8));
      await until(() => seen.length === 1);
      if (name === 'TLS') raw.socket.destroy();
      else raw.socket.resetAndDestroy();
      await until(() => seen.length === 2);
      assert.deepEqual(seen[1], [1006, 'WebSocket disconnected without sending Close frame.', false]);
      assert.deepEqual(lines, []);
    });
  }

  test('is no error to whoever only sends, and does not stop anybody else', async (t) => {
    const ends = [];
    const { port } = await serving(t, withEnd(wspair, (end) => {
      end.accept();
      ends.push(end);
      const timer = setInterval(() => end.send('tick'), 1);
      end.addEventListener('close', () => clearInterval(timer));
    }));
    const raw = await dialRaw(port);
    raw.write(upgradeHead());
    await until(() => raw.behindHead().length > 20);
    const { closed } = watch(ends[0]);
    raw.socket.resetAndDestroy();
    assert.equal((await closed)[0], 1006);
  });
});

describe('keepalive', () => {
  test('a pong that lies in the socket while the process is busy is no silence', async (t) => {
    const { seen, use } = answering(() => {});
    const { port } = await serving(t, withEnd(wspair, use), { limits: { pingAfter: 100, pongWithin: 200 } });
    const raw = await dialRaw(port);
    raw.write(upgradeHead());
    let pings = 0;
    raw.socket.on('data', (bytes) => {
      if (bytes.at(-2) !== 0x89) return;
      pings++;
      raw.socket.write(frame(10), () => {
        // The pong is on its way, and its time runs out before this ends.
        if (pings === 2) for (const end = Date.now() + 600; Date.now() < end; );
      });
    });
    await until(() => pings >= 4);
    assert.deepEqual(seen, []);
    raw.socket.destroy();
  });

  for (const [name, options] of Object.entries(servers)) {
    for (const [kind, pieces] of [['one long message', 1], ['many messages', 1_000]]) {
      test(`a client that reads slowly, but reads, lives (${name}, ${kind})`, { skip: blind }, async (t) => {
        const { seen, use } = answering(() => {});
        const size = 9_000_000;
        const fill = (end) => {
          use(end);
          for (let i = 0; i < pieces; i++) end.send(new Uint8Array(size / pieces));
        };
        const { port } = await serving(t, withEnd(wspair, fill), { limits: { pingAfter: 400, pongWithin: 1_000 }, deflate: false, ...options });
        const raw = await dialTo(port, name);
        raw.write(upgradeHead());
        let got = 0;
        // 1.5 MB/s at most: what the system holds of them lasts longer than a pong may take.
        raw.socket.on('data', (bytes) => {
          got += bytes.length;
          raw.socket.pause();
          setTimeout(() => raw.socket.resume(), bytes.length / 1_500);
        });
        await until(() => got > size || seen.length > 0, 40_000);
        assert.deepEqual(seen, []);
        raw.socket.destroy();
      });
    }
  }

  test('a client that reads nothing any more does not', async (t) => {
    const { seen, use } = answering(() => {});
    const { port } = await serving(
      t,
      withEnd(wspair, (end) => (use(end), end.send(new Uint8Array(12 << 20)))),
      { limits: { pingAfter: 150, pongWithin: 250 }, deflate: false },
    );
    const raw = await dialRaw(port);
    raw.socket.pause();
    raw.write(upgradeHead());
    await until(() => seen.length > 0, 10_000);
    assert.equal(seen[0][0], 1006);
    raw.socket.destroy();
  });

  test('an end that takes nothing does not mistake its client for a silent one', async (t) => {
    let end;
    const { port } = await serving(t, withEnd(wspair, (kept) => (end = kept)), { limits: { pingAfter: 100, pongWithin: 100 }, deflate: false });
    const raw = await dialRaw(port);
    raw.write(upgradeHead());
    const piece = Buffer.concat([Buffer.from([0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0]), Buffer.alloc(60_000)]);
    for (let i = 0; i < 100; i++) raw.socket.write(piece);
    await sleep(800); // sleeps: longer than a ping waits for its answer
    const { seen, use } = answering(() => {});
    use(end);
    await until(() => seen.length === 100, 10_000);
    raw.socket.destroy();
  });
});

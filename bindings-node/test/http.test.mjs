// What goes out and comes in as plain HTTP: framing is this connection's own, whatever a Worker says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import zlib from 'node:zlib';
import * as wspair from 'wspair';
import { dialRaw, logged, serving, until } from './helpers.mjs';

const nativeFetch = globalThis.fetch;
const NativeResponse = globalThis.Response;

/** Asks as a strict client does, on a connection that is kept. */
async function ask(url, { method = 'GET', headers = {}, body } = {}) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const once = () =>
      new Promise((resolve, reject) => {
        const asked = http.request(url, { method, headers, agent }, (response) => {
          const parts = [];
          response.on('data', (part) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
        });
        asked.on('error', reject);
        asked.end(body);
      });
    const first = await once();
    // What was framed wrong would be read as the next answer.
    const second = await once();
    assert.deepEqual([second.status, second.body], [first.status, first.body]);
    return first;
  } finally {
    agent.destroy();
  }
}

const stream = (...parts) =>
  new ReadableStream({
    async pull(to) {
      await new Promise((resolve) => setTimeout(resolve, 5)); // sleeps: an application that takes its time
      const part = parts.shift();
      if (part === undefined) to.close();
      else if (part instanceof Error) to.error(part);
      else to.enqueue(Buffer.from(part));
    },
  });

/** An origin that answers each path in its own way. */
async function origin(t, answers) {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => answers[request.url.split('?')[0]](response, request, Buffer.concat(parts)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (server.close(), server.closeAllConnections()));
  return `http://127.0.0.1:${server.address().port}`;
}

describe('the length of a body', () => {
  const bodies = {
    text: () => new Response('漢字'),
    bytes: () => new Response(new Uint8Array(100_000).fill(7)),
    json: () => Response.json({ a: 1 }),
    empty: () => new Response(''),
    none: () => new Response(null),
    'a stream that is there': () =>
      new Response(
        new ReadableStream({
          start(to) {
            for (const part of ['all ', 'at ', 'once']) to.enqueue(Buffer.from(part));
            to.close();
          },
        }),
      ),
  };

  test('is told where it is known, to HEAD as to GET', async (t) => {
    for (const classes of [globalThis.Response, wspair.Response]) {
      const { url } = await serving(t, (request) => {
        globalThis.Response = classes;
        try {
          const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
          return name === 'blob' ? new Response(new Blob(['a blob'])) : bodies[name]();
        } finally {
          globalThis.Response = NativeResponse;
        }
      });
      // How soon Node's own class gives the bytes of a blob depends on its version.
      const own = classes === wspair.Response ? { blob: () => new wspair.Response(new Blob(['a blob'])) } : {};
      for (const [name, make] of Object.entries({ ...bodies, ...own })) {
        const bytes = Buffer.from(await make().arrayBuffer());
        const got = await ask(url + encodeURIComponent(name));
        assert.deepEqual([got.headers['content-length'], got.body], [String(bytes.length), bytes], name);
        const head = await ask(url + encodeURIComponent(name), { method: 'HEAD' });
        // Without a body it says nothing of the one that GET would get.
        assert.equal(head.headers['content-length'], name === 'none' ? undefined : String(bytes.length), name);
      }
    }
  });

  test('is not what the Worker says', async (t) => {
    const said = { 'content-length': '2', 'transfer-encoding': 'gzip', connection: 'close', 'keep-alive': 'x', upgrade: 'foo', te: 'x', trailer: 'x', 'x-own': 'kept' };
    const { url } = await serving(t, (request) => new Response(request.url.endsWith('s') ? stream('abc', 'def') : 'abcdef', { headers: said }));
    for (const path of ['', 's']) {
      const { headers, body } = await ask(url + path);
      assert.equal(String(body), 'abcdef');
      assert.equal(headers['content-length'], path === '' ? '6' : undefined);
      assert.deepEqual([headers.upgrade, headers.te, headers.trailer, headers['x-own']], [undefined, undefined, undefined, 'kept']);
      assert.equal(headers.connection, 'keep-alive');
    }
  });

  test('of an answer without content is none', async (t) => {
    const { url } = await serving(t, (request) => new Response(null, { status: Number(new URL(request.url).pathname.slice(1)), headers: { 'content-length': '5' } }));
    for (const [status, length] of [[204, undefined], [205, '0'], [304, undefined], [302, '0'], [404, '0']]) {
      const got = await ask(url + status);
      assert.deepEqual([got.status, got.headers['content-length'], got.body.length], [status, length, 0]);
    }
  });

  test('426 names what to upgrade to', async (t) => {
    const { url } = await serving(t, () => new Response('no', { status: 426 }));
    const { headers } = await ask(url);
    assert.deepEqual([headers.upgrade, headers.connection], ['websocket', 'upgrade, keep-alive']);
  });
});

describe('a response that cannot be sent', () => {
  const shared = new wspair.Response('once');
  const cases = {
    'a body that was read': async () => {
      const response = new Response('x');
      await response.text();
      return response;
    },
    'a body that is being read': () => {
      const response = new Response('x');
      response.body.getReader();
      return response;
    },
    'one that was sent already': () => shared,
    'a network error': () => Response.error(),
    undefined: () => undefined,
    'a text': () => 'text',
    'a body that fails at once': () => new Response(new ReadableStream({ start: (to) => to.error(new Error('at once')) })),
    'a body of texts': () => new Response(new ReadableStream({ start: (to) => (to.enqueue('text'), to.close()) })),
  };
  test('is a 500, and is logged once', async (t) => {
    const lines = logged(t);
    const { url } = await serving(t, (request) => cases[decodeURIComponent(new URL(request.url).pathname.slice(1))]());
    await nativeFetch(`${url}one that was sent already`);
    for (const name of Object.keys(cases)) {
      lines.length = 0;
      const response = await nativeFetch(url + name);
      assert.deepEqual([response.status, await response.text(), lines.length], [500, 'Internal Server Error', 1], name);
    }
  });
});

describe('a body that fails half way', () => {
  for (const [name, head] of [['HTTP/1.1', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'], ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n']]) {
    test(`cuts the client off (${name})`, async (t) => {
      const lines = logged(t);
      const { port } = await serving(t, () => new Response(stream('abc', new Error('half way'))));
      const raw = await dialRaw(port);
      raw.write(head);
      await raw.over;
      assert.ok(!raw.text().includes('\r\n0\r\n'), raw.text());
      if (name === 'HTTP/1.0') assert.equal(raw.state, 'reset');
      assert.match(lines.join(), /half way/);
    });
  }

  test('of a Worker that passes an answer on', async (t) => {
    const lines = logged(t);
    const from = await origin(t, {
      '/cut': (response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half');
        setTimeout(() => response.destroy(), 20);
      },
    });
    const { url } = await serving(t, () => wspair.fetch(`${from}/cut`));
    const response = await nativeFetch(url);
    assert.equal(response.headers.get('content-length'), '100');
    await assert.rejects(response.text());
    await until(() => lines.length === 1);
  });
});

describe('a client that goes away', () => {
  test('cancels the body, and is nobody\'s fault', async (t) => {
    const lines = logged(t);
    let cancelled = 0;
    const endless = () => new ReadableStream({ pull: (to) => to.enqueue(Buffer.alloc(10_000)), cancel: () => cancelled++ });
    const { port } = await serving(t, () => new Response(endless()));
    const raw = await dialRaw(port);
    raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => raw.got.length > 100_000);
    raw.socket.resetAndDestroy();
    await until(() => cancelled === 1);
    assert.deepEqual(lines, []);
  });

  test('stops what it was sending, without a log line', async (t) => {
    const lines = logged(t);
    let began = 0;
    let failed = 0;
    const { port } = await serving(t, async (request) => {
      began++;
      return new Response(await request.text().catch((error) => (failed++, Promise.reject(error))));
    });
    const raw = await dialRaw(port);
    raw.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    await until(() => began === 1);
    raw.socket.resetAndDestroy();
    await until(() => failed === 1);
    await new Promise((resolve) => setTimeout(resolve, 20)); // sleeps: gives what must not come time to come
    assert.deepEqual(lines, []);
  });
});

describe('a Worker that passes on', () => {
  const big = Buffer.from('hello '.repeat(5000));
  const codings = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync };
  const proxies = {
    'the answer': (fetch) => (to, request) => fetch(new Request(to, request)),
    'an answer made of it': (fetch, Response) => async (to, request) => {
      const response = await fetch(new Request(to, request));
      return new Response(response.body, response);
    },
    'an answer made of its stream': (fetch, Response) => async (to, request) => {
      const response = await fetch(new Request(to, request));
      return new Response(response.body.pipeThrough(new TransformStream()), response);
    },
  };
  const kinds = { 'wspair\'s classes': [wspair.fetch, wspair.Response], 'Node\'s own': [nativeFetch, NativeResponse] };

  for (const [proxied, proxy] of Object.entries(proxies)) {
    for (const [kind, classes] of Object.entries(kinds)) {
      test(`${proxied} of a compressed one, with ${kind}`, async (t) => {
        const from = await origin(t, {
          '/': (response, request) => {
            const coding = request.headers['x-coding'];
            const bytes = codings[coding](big);
            response.writeHead(200, { 'content-encoding': coding, 'content-length': bytes.length, vary: 'accept-encoding' });
            response.end(bytes);
          },
        });
        const pass = proxy(...classes);
        const { url } = await serving(t, (request) => pass(from, request));
        for (const coding of Object.keys(codings)) {
          const { headers, body } = await ask(url, { headers: { 'accept-encoding': 'gzip, deflate, br', 'x-coding': coding } });
          assert.ok(body.equals(big), coding);
          assert.deepEqual([headers['content-encoding'], headers.vary], [undefined, 'accept-encoding'], coding);
        }
      });
    }
  }

  test('an answer of its own that is compressed', async (t) => {
    const { url } = await serving(t, (request) => {
      const coding = new URL(request.url).pathname.slice(1);
      return new Response(codings[coding](big), { headers: { 'content-encoding': coding } });
    });
    for (const coding of Object.keys(codings)) {
      const { headers, body } = await ask(url + coding);
      assert.equal(headers['content-encoding'], coding);
      assert.ok(body.equals(codings[coding](big)), coding);
    }
  });

  test('a download tells its length', async (t) => {
    const from = await origin(t, { '/': (response) => response.writeHead(200, { 'content-length': 1 << 20 }).end(Buffer.alloc(1 << 20)) });
    const { url } = await serving(t, () => wspair.fetch(from));
    const { headers, body } = await ask(url);
    assert.deepEqual([headers['content-length'], body.length], [String(1 << 20), 1 << 20]);
    assert.equal((await ask(url, { method: 'HEAD' })).headers['content-length'], String(1 << 20));
  });

  test('a redirect, cookies, and 304 as they are', async (t) => {
    const from = await origin(t, {
      '/redirect': (response) => response.writeHead(302, { location: '/x' }).end(),
      '/cookies': (response) => response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('c'),
      '/304': (response) => response.writeHead(304, { etag: '"x"' }).end(),
    });
    const { url } = await serving(t, (request) => wspair.fetch(new Request(from + new URL(request.url).pathname, request)));
    const redirect = await ask(`${url}redirect`);
    assert.deepEqual([redirect.status, redirect.headers.location], [302, '/x']);
    assert.deepEqual((await ask(`${url}cookies`)).headers['set-cookie'], ['a=1', 'b=2']);
    assert.equal((await ask(`${url}304`)).headers.etag, '"x"');
  });

  for (const [kind, [fetch]] of Object.entries(kinds)) {
    test(`requests, without the fields of their connection, with ${kind}`, async (t) => {
      const seen = [];
      const from = await origin(t, {
        '/': (response, { method, headers, rawHeaders }, body) => {
          seen.push({ method, headers, rawHeaders, body: String(body) });
          response.end('fine');
        },
      });
      const { port } = await serving(t, (request) => fetch(new Request(from, request)));
      const chunked = '2\r\nda\r\n2\r\nta\r\n0\r\n\r\n';
      const cases = [
        ['Content-Length: 4\r\n\r\ndata', '4'],
        [`Transfer-Encoding: chunked\r\n\r\n${chunked}`],
        ['Expect: 100-continue\r\nContent-Length: 4\r\n\r\ndata', '4'],
        ['Connection: keep-alive, x-mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\nContent-Length: 4\r\n\r\ndata', '4'],
        ['Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 4\r\n\r\ndata', '4'],
      ];
      for (const [rest, length] of cases) {
        seen.length = 0;
        const raw = await dialRaw(port);
        raw.write(`POST / HTTP/1.1\r\nHost: x\r\nX-Kept: yes\r\n${rest}`);
        await until(() => raw.text().endsWith('fine'));
        raw.socket.destroy();
        const [{ method, headers, body }] = seen;
        assert.deepEqual([method, body, headers['x-kept']], ['POST', 'data', 'yes']);
        if (length !== undefined) assert.equal(headers['content-length'], length);
        for (const name of ['x-mine', 'te', 'proxy-connection', 'proxy-authorization', 'upgrade', 'expect', 'http2-settings']) {
          assert.equal(headers[name], undefined, `${name} of ${rest}`);
        }
        assert.equal(headers['cf-connecting-ip'], '127.0.0.1');
      }
    });
  }

  test('a request with another body, but the fields of the first', async (t) => {
    const from = await origin(t, { '/': (response, { headers }, body) => response.end(`${headers['content-length']} ${body}`) });
    const { url } = await serving(t, async (request) => {
      const text = `${await request.text()} and more`;
      const init = { method: 'POST', headers: request.headers, body: text };
      return request.headers.has('x-request') ? wspair.fetch(new Request(from, init)) : wspair.fetch(from, init);
    });
    for (const headers of [{}, { 'x-request': '1' }]) {
      assert.equal(String((await ask(url, { method: 'POST', headers, body: 'some' })).body), '13 some and more');
    }
  });

  test('an upload that is longer than what is there at once', async (t) => {
    const from = await origin(t, { '/': (response, { headers }, body) => response.end(`${headers['content-length']} ${body.length}`) });
    const { url } = await serving(t, (request) => wspair.fetch(from, request));
    const { body } = await ask(url, { method: 'POST', body: Buffer.alloc(1 << 20) });
    assert.equal(String(body), `${1 << 20} ${1 << 20}`);
  });

  test('the address of the client, which no client can say', async (t) => {
    const { url } = await serving(t, (request) => Response.json([request.headers.get('cf-connecting-ip'), request.cf]));
    const { body } = await ask(url, { headers: { 'CF-Connecting-IP': '1.2.3.4' } });
    assert.deepEqual(JSON.parse(body), ['127.0.0.1', {}]);
  });
});

describe('what no Worker is asked', () => {
  const cases = [
    ['a method that fetch has not', 'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n', 405],
    ['a Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['a Host with a user', 'GET / HTTP/1.1\r\nHost: u@b\r\n\r\n', 400],
    ['an empty Host', 'GET /a/b HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['another scheme', 'GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a user in the target', 'GET http://u:p@a/b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ];
  for (const [name, request, status] of cases) {
    test(`${name} is answered ${status}, without a log line`, async (t) => {
      const lines = logged(t);
      let asked = 0;
      const { port } = await serving(t, () => (asked++, new Response('asked')));
      const raw = await dialRaw(port);
      raw.write(request);
      await until(() => raw.got.length > 0);
      assert.match(raw.text(), new RegExp(`^HTTP/1.1 ${status} `));
      assert.deepEqual([asked, lines], [0, []]);
      raw.socket.destroy();
    });
  }

  test('what only looks odd is asked', async (t) => {
    const { port } = await serving(t, (request) => new Response(request.url));
    const cases = [
      ['GET / HTTP/1.0\r\n\r\n', `http://127.0.0.1:${port}/`],
      ['GET //b/../c?d HTTP/1.1\r\nHost: a\r\n\r\n', 'http://a//c?d'],
      ['GET http://b:81/c HTTP/1.1\r\nHost: a\r\n\r\n', 'http://b:81/c'],
      ['GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'http://[::1]/'],
    ];
    for (const [request, url] of cases) {
      const raw = await dialRaw(port);
      raw.write(request);
      await until(() => raw.text().endsWith(url));
      raw.socket.destroy();
    }
  });
});

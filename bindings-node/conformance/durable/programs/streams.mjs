// workerd: {"classes": ["Obj"], "together": true}
// Streams, bodies and signals through calls.
import { DurableObject, WorkerEntrypoint, RpcTarget } from 'cloudflare:workers';
import { answers, line, pause } from '../rows.mjs';

const encode = (text) => new TextEncoder().encode(text);
const streamOf = (...parts) =>
  new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const part = parts.shift();
      if (part === undefined) return controller.close();
      await pause(1);
      controller.enqueue(encode(part));
    },
  });
const texts = (...parts) =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });

export const rows = {
  'a stream as an argument': ({ stub }) => stub.read(streamOf('a', 'b')),
  'a stream as an argument, read later': async ({ stub }) => {
    const { readable, writable } = new TransformStream();
    const got = stub.read(readable);
    const writer = writable.getWriter();
    for (const part of ['x', 'y', 'z']) await writer.write(encode(part));
    await writer.close();
    return got;
  },
  'a stream is locked once it is given': async ({ stub }) => {
    const stream = streamOf('a');
    const got = stub.read(stream);
    return [stream.locked, await got, stream.locked];
  },
  'a stream that is locked already': async ({ stub }, { tried }) => {
    const stream = streamOf('a');
    stream.getReader();
    return tried(() => stub.read(stream));
  },
  'a stream that fails': ({ stub }, { tried }) => tried(() => stub.read(new ReadableStream({ type: 'bytes', start: (controller) => controller.error(new RangeError('broken')) }))),
  'a stream that fails later': ({ stub }, { tried }) => {
    let n = 0;
    return tried(() =>
      stub.read(
        new ReadableStream({
          type: 'bytes',
          async pull(controller) {
            if (n++ > 0) return controller.error(new RangeError('broken'));
            controller.enqueue(encode('a'));
          },
        }),
      ),
    );
  },
  'a stream of texts': ({ stub }, { tried }) => tried(() => stub.read(texts('a', 'b'))),
  'a stream of objects': ({ stub }, { tried }) => tried(() => stub.readAny(texts({ a: 1 }))),
  'a stream as an answer': async ({ stub }) => new Response(await stub.stream('a', 'b')).text(),
  'a stream within an answer': async ({ stub }) => {
    const { body, size } = await stub.within();
    return [size, await new Response(body).text()];
  },
  'a stream that is not read': async ({ stub }) => typeof (await stub.stream('a')).getReader,
  'a stream that is cancelled': async ({ stub }) => {
    await (await stub.endless()).cancel('enough');
    await pause(100);
    return stub.cancelled();
  },
  'a writable stream as an argument': async ({ stub }) => {
    const { readable, writable } = new TransformStream();
    const text = new Response(readable).text();
    await stub.write(writable, 'a', 'b');
    return text;
  },
  'a writable stream of our own as an argument': async ({ stub }) => {
    const got = [];
    await stub.write(new WritableStream({ write: (chunk) => void got.push(new TextDecoder().decode(chunk)), close: () => void got.push('closed') }), 'a', 'b');
    await pause(50);
    return got;
  },
  'a writable stream that fails': async ({ stub }, { tried }) => tried(() => stub.write(new WritableStream({ write() { throw new RangeError('full'); } }), 'a', 'b')),
  'a transform as an argument': ({ stub }, { tried }) => tried(() => stub.echo(new TransformStream())),
  'both sides of a transform': async ({ stub }) => {
    const { readable, writable } = await stub.echo(pick(new TransformStream()));
    const writer = writable.getWriter();
    writer.write(encode('through')).then(() => writer.close());
    return new Response(readable).text();
  },
  'a request with a body as an argument': async ({ stub }) => stub.body(new Request('http://x/', { method: 'POST', body: 'text' })),
  'a request that streams': async ({ stub }) => stub.body(new Request('http://x/', { method: 'POST', body: streamOf('a', 'b'), duplex: 'half' })),
  'a request whose body was used': async ({ stub }, { tried }) => {
    const request = new Request('http://x/', { method: 'POST', body: 'text' });
    await request.text();
    return tried(() => stub.body(request));
  },
  'a response whose body was used': async ({ stub }, { tried }) => {
    const response = new Response('text');
    await response.text();
    return tried(async () => (await stub.echo(response)).text());
  },
  'a response of an answer': async ({ stub }) => {
    const response = await stub.response();
    return [response.status, response.statusText, [...response.headers], await response.text(), response.bodyUsed];
  },
  'a response that is sent twice': async ({ stub }) => {
    const response = new Response('text', { status: 201, headers: { a: 'b' } });
    const first = await stub.echo(response);
    return [first.status, await first.text(), response.bodyUsed];
  },
  'a response with null as its body': async ({ stub }) => {
    const response = await stub.echo(new Response(null, { status: 204 }));
    return [response.status, response.body];
  },
  'a response with a WebSocket, by a method': async ({ stub }, { tried }) =>
    tried(async () => {
      const response = await stub.webSocket();
      return [response.status, response.webSocket === null];
    }),
  'headers': async ({ stub }) => {
    const headers = new Headers({ b: '2', A: '1' });
    headers.append('set-cookie', 'x=1');
    headers.append('set-cookie', 'y=2');
    const got = await stub.echo(headers);
    return [[...got], got.getSetCookie(), got === headers];
  },
  'a request': async ({ stub }) => {
    const got = await stub.echo(new Request('http://x/y?z#f', { method: 'PUT', headers: { a: 'b' }, redirect: 'manual', body: 'q' }));
    return [got.url, got.method, got.redirect, [...got.headers].filter(([name]) => name !== 'content-type'), await got.text()];
  },
  'a signal': async ({ stub }, { tried }) =>
    tried(async () => {
      const controller = new AbortController();
      const heard = stub.hear(controller.signal);
      await pause(20);
      controller.abort(new RangeError('stop'));
      return heard;
    }),
  'a signal that was aborted before': async ({ stub }, { tried }) => tried(() => stub.hear(AbortSignal.abort('early'))),
  'a signal without a reason': async ({ stub }, { tried }) =>
    tried(async () => {
      const controller = new AbortController();
      const heard = stub.hear(controller.signal);
      await pause(20);
      controller.abort();
      return heard;
    }),
  'a signal that is given back': async ({ stub }, { tried }) =>
    tried(async () => {
      const controller = new AbortController();
      const got = await stub.echo(controller.signal);
      return [got.constructor.name, got.aborted];
    }),
  'fetch with a signal that is aborted': async ({ stub }, { tried }) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    return tried(async () => (await stub.fetch('http://x/slow', { signal: controller.signal })).text());
  },
  'fetch with a signal that was aborted': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/', { signal: AbortSignal.abort() })).text()),
  'fetch with a signal with a reason': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/', { signal: AbortSignal.abort(new RangeError('mine')) })).text()),
  'fetch with a stream': async ({ stub }) => (await stub.fetch('http://x/echo', { method: 'POST', body: streamOf('a', 'b'), duplex: 'half' })).text(),
  'fetch with a form': async ({ stub }) => {
    const form = new FormData();
    form.append('a', '1');
    form.append('b', new Blob(['x']), 'b.txt');
    return (await stub.fetch('http://x/form', { method: 'POST', body: form })).text();
  },
  'fetch with search parameters': async ({ stub }) => (await stub.fetch('http://x/type', { method: 'POST', body: new URLSearchParams({ a: 'b c' }) })).text(),
  'fetch with bytes': async ({ stub }) => (await stub.fetch('http://x/type', { method: 'POST', body: new Uint8Array([65]) })).text(),
  'fetch with a blob': async ({ stub }) => (await stub.fetch('http://x/type', { method: 'POST', body: new Blob(['x'], { type: 'a/b' }) })).text(),
  'fetch with a text': async ({ stub }) => (await stub.fetch('http://x/type', { method: 'POST', body: 't' })).text(),
  'fetch with a body on GET': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/', { body: 'x' })).text()),
  'fetch with a method in small letters': async ({ stub }) => (await stub.fetch('http://x/method', { method: 'patch' })).text(),
  'fetch with a method in small letters, get': async ({ stub }) => (await stub.fetch('http://x/method', { method: 'get' })).text(),
  'fetch with a method of nobody': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/method', { method: 'BREW' })).text()),
  'fetch with a bad method': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/method', { method: 'A B' })).text()),
  'fetch with headers that are named twice': async ({ stub }) => (await stub.fetch('http://x/header', { headers: [['x-a', '1'], ['X-A', '2']] })).text(),
  'fetch with a fragment': async ({ stub }) => (await stub.fetch('http://x/url#part')).text(),
  'fetch with a user': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://user:pass@x/url')).text()),
  'fetch of https, with a port': async ({ stub }) => (await stub.fetch('https://x:8443/url?a=%20b')).text(),
  'fetch of another scheme': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('ftp://x/url')).text()),
  'fetch with cf': async ({ stub }) => (await stub.fetch('http://x/cf', { cf: { a: 1 } })).text(),
  'fetch whose answer is 304': async ({ stub }) => {
    const response = await stub.fetch('http://x/304');
    return [response.status, await response.text()];
  },
  'fetch whose answer is an error': async ({ stub }, { tried }) => tried(async () => (await stub.fetch('http://x/error')).type),
  'the body of a HEAD': async ({ stub }) => {
    const response = await stub.fetch('http://x/length', { method: 'HEAD' });
    return [response.headers.get('content-length'), await response.text()];
  },
  'an answer that is read twice': async ({ stub }, { tried }) => {
    const response = await stub.fetch('http://x/');
    await response.text();
    return tried(() => response.text());
  },
  'an answer that is cloned': async ({ stub }) => {
    const response = await stub.fetch('http://x/');
    const copy = response.clone();
    return [await response.text(), await copy.text()];
  },
  'the same request twice': async ({ stub }, { tried }) => {
    const request = new Request('http://x/echo', { method: 'POST', body: 'once' });
    return [await (await stub.fetch(request)).text(), request.bodyUsed, await tried(async () => (await stub.fetch(request)).text())];
  },
  'the answer of the client goes through': async ({ stub }) => {
    const response = await stub.fetch('http://x/');
    return new Response(response.body, response).text();
  },
};

function pick({ readable, writable }) {
  return { readable, writable };
}

export class Obj extends DurableObject {
  read(stream) {
    return new Response(stream).text();
  }
  async readAny(stream) {
    const got = [];
    for await (const part of stream) got.push(part);
    return got;
  }
  stream(...parts) {
    return streamOf(...parts);
  }
  within() {
    return { size: 2, body: streamOf('in', 'side') };
  }
  endless() {
    return new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        await pause(1);
        controller.enqueue(encode('x'));
      },
      cancel: (reason) => void (this.reason = String(reason)),
    });
  }
  cancelled() {
    return this.reason;
  }
  async write(writable, ...parts) {
    const writer = writable.getWriter();
    for (const part of parts) await writer.write(encode(part));
    await writer.close();
  }
  echo(value) {
    return value;
  }
  async body(request) {
    return [request.method, await request.text()];
  }
  response() {
    return new Response('of an answer', { status: 202, statusText: 'Fine', headers: { 'x-a': '1' } });
  }
  webSocket() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  }
  async hear(signal) {
    if (signal.aborted) return ['aborted', String(signal.reason), signal.reason?.constructor?.name];
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(['heard', String(signal.reason), signal.reason?.constructor?.name])));
  }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case '/slow':
        await pause(500);
        return new Response('slow');
      case '/echo':
        return new Response(await request.text());
      case '/form': {
        const form = await request.formData();
        return Response.json([form.get('a'), form.get('b').name, await form.get('b').text()]);
      }
      case '/type':
        return Response.json([request.headers.get('content-type'), request.headers.get('content-length'), await request.text()]);
      case '/method':
        return new Response(request.method);
      case '/header':
        return new Response(request.headers.get('x-a'));
      case '/url':
        return new Response(request.url);
      case '/cf':
        return Response.json(request.cf ?? null);
      case '/304':
        return new Response(null, { status: 304 });
      case '/error':
        return Response.error();
      case '/length':
        return new Response('hello');
    }
    return new Response('plain');
  }
}

export default answers(rows, (name, env) => line(rows[name], { env, stub: env.OBJ.getByName(name) }));

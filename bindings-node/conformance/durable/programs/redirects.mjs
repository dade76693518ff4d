// Answers of stubs' `fetch` that are not passed on as they are: redirects, which are followed, and errors.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

async function answer(request) {
  const { pathname, searchParams, host } = new URL(request.url);
  if (pathname === '/error') return Response.error();
  if (pathname === '/none') return new Response('no location', { status: 302 });
  if (pathname === '/bad') return new Response('bad', { status: 302, headers: { location: 'http://[' } });
  if (pathname === '/round') return new Response(null, { status: 302, headers: { location: `/round?${Number(searchParams.toString().replace('=', '')) + 1}` } });
  if (pathname === '/count') {
    const left = Number(searchParams.get('n'));
    return left === 0 ? new Response('there') : new Response(null, { status: 302, headers: { location: `/count?n=${left - 1}` } });
  }
  if (pathname === '/to') return new Response('on the way', { status: Number(searchParams.get('status')), headers: { location: searchParams.get('location') ?? '/end' } });
  const names = ['authorization', 'content-type', 'x-a', 'cookie'].filter((name) => request.headers.has(name));
  return new Response(`${request.method} ${host}${pathname} ${names} ${JSON.stringify(await request.text())}`);
}

export class Obj extends DurableObject {
  fetch(request) {
    return answer(request);
  }
}
export class Other extends WorkerEntrypoint {
  fetch(request) {
    return answer(request);
  }
}

const told = async (response) => [response.status, response.redirected, response.url, response.type, await response.text()];
const headers = { authorization: 'secret', 'content-type': 'text/plain', 'x-a': 'a', cookie: 'c=1' };

const asks = {
  'is followed': (stub) => stub.fetch('http://x/to?status=302'),
  'of each kind': async (stub) => {
    const said = [];
    for (const status of [300, 301, 302, 303, 304, 307, 308]) {
      const response = await stub.fetch(`http://x/to?status=${status}`).catch(({ message }) => ({ status: message, text: () => '' }));
      said.push(response.status, await response.text());
    }
    return said;
  },
  'of each kind, with a body': async (stub) => {
    const said = [];
    for (const method of ['POST', 'PUT']) {
      for (const status of [301, 302, 303, 307, 308]) said.push(await (await stub.fetch(`http://x/to?status=${status}`, { method, body: 'text', headers })).text());
    }
    return said;
  },
  'with a body that streams': (stub) =>
    stub.fetch('http://x/to?status=307', {
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('streams'));
          controller.close();
        },
      }),
    }),
  'of HEAD': (stub) => stub.fetch('http://x/to?status=303', { method: 'HEAD' }),
  'to another host': (stub) => stub.fetch('http://x/to?status=302&location=https://elsewhere/end', { headers }),
  'with a fragment': (stub) => stub.fetch('http://x/to?status=302&location=/end%23part'),
  'by hand': (stub) => stub.fetch('http://x/to?status=302', { redirect: 'manual' }),
  'as an error': (stub) => stub.fetch('http://x/to?status=302', { redirect: 'error' }),
  'of a request': (stub) => stub.fetch(new Request('http://x/to?status=302', { method: 'POST', body: 'text' })),
  'without a location': (stub) => stub.fetch('http://x/none'),
  'to what is no address': (stub) => stub.fetch('http://x/bad'),
  'twenty times': (stub) => stub.fetch('http://x/count?n=20'),
  'too often': (stub) => stub.fetch('http://x/count?n=21'),
  'for ever': (stub) => stub.fetch('http://x/round?0'),
  'an error instead': (stub) => stub.fetch('http://x/error'),
};

export const rows = {};
for (const [name, ask] of Object.entries(asks)) {
  rows[`object: ${name}`] = async ({ stub }) => shown(await ask(stub));
  rows[`entrypoint: ${name}`] = async ({ other }) => shown(await ask(other));
}
const shown = (given) => (Array.isArray(given) ? given : told(given));

rows['the request of a client is passed on by hand'] = async ({ request, stub }) => {
  const response = await stub.fetch(new Request('http://x/to?status=302', request));
  return [request.redirect, response.status];
};
rows['a stub as JSON'] = ({ stub }) => JSON.stringify({ stub });

export default answers(rows, (name, env, ctx, request) => line(rows[name], { stub: env.OBJ.getByName('a'), other: ctx.exports.Other, request }));

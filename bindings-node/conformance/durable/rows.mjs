// What the programs share: a row is a name and a function, and what it says is one line.

/** Values with their types, so that what differs is seen. */
export function show(value, depth = 0) {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (typeof value === 'string') return depth === 0 ? short(value) : JSON.stringify(short(value));
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object') return String(value);
  if (depth > 5) return '…';
  const inner = (x) => show(x, depth + 1);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Date) return `Date(${Number.isNaN(+value) ? 'invalid' : value.toISOString()})`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return `Map(${[...value].map(([k, v]) => `${inner(k)} => ${inner(v)}`).join(', ')})`;
  if (value instanceof Set) return `Set(${[...value].map(inner).join(', ')})`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${[...new Uint8Array(value)].slice(0, 40)})`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value instanceof DataView ? value.byteLength : [...value].slice(0, 40)})`;
  if (value instanceof Boolean || value instanceof Number || value instanceof String) return `[${value.constructor.name} ${value}]`;
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  return `{${Object.entries(value).map(([k, v]) => `${k}: ${inner(v)}`).join(', ')}}`;
}

const short = (text) => (text.length > 1000 ? `${text.slice(0, 60)}…(${text.length})` : text);

/** What a thrown value looks like to a caller. */
export function thrown(error) {
  if (!(error instanceof Error) && !(error instanceof DOMException)) return `threw ${show(error)}`;
  const own = Object.keys(error).filter((key) => !(error instanceof DOMException) || !['code', 'message', 'name', 'stack'].includes(key)).sort();
  return `threw ${error.constructor.name}/${error.name}: ${short(error.message)}${own.length > 0 ? ` ${JSON.stringify(own.map((key) => [key, key === 'durableObjectId' ? 'id' : error[key]]))}` : ''}`;
}

/** Runs one row: what it noted, then what it gave. */
export async function line(row, ...given) {
  const said = [];
  const note = (...values) => said.push(values.map((value) => show(value)).join(' '));
  /** What a call gives, or throws. */
  const tried = async (fn) => {
    try {
      return show(await fn());
    } catch (error) {
      return thrown(error);
    }
  };
  try {
    const value = await row(...given, { note, tried });
    if (value !== undefined || said.length === 0) said.push(show(value));
  } catch (error) {
    said.push(thrown(error));
  }
  return said.join('; ');
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The handler of a program: `/rows` gives the names, `/row/NAME` what a row says. */
export function answers(rows, run) {
  return {
    async fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === '/rows') return Response.json(Object.keys(rows));
      const name = decodeURIComponent(pathname.slice('/row/'.length));
      if (!Object.hasOwn(rows, name)) return new Response('no such row', { status: 404 });
      return Response.json(await run(name, env, ctx, request));
    },
  };
}

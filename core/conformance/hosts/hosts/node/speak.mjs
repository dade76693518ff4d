// How a program tells the driver what its application sees, and hears the driver's commands.
import { createInterface } from 'node:readline';
import { writeSync } from 'node:fs';

export function tell(event, path = null, what = {}) {
  let line = Buffer.from(JSON.stringify({ event, path, ...what }) + '\n');
  // Standard output is a pipe, which the driver empties.
  while (line.length > 0) {
    try {
      line = line.subarray(writeSync(1, line));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** The application that a path names, and its arguments. */
export function parse(target) {
  const url = new URL(target, 'http://host');
  const query = Object.fromEntries([...url.searchParams].map(([name, value]) => [name, isNaN(value) ? value : Number(value)]));
  return { path: url.pathname + url.search, name: url.pathname.slice(1) || 'echo', query };
}

export const textOf = (error) => ({
  error: error?.name ?? String(error),
  text: [error?.message ?? String(error), ...(error?.cause === undefined ? [] : [error.cause.message ?? error.cause])].join(': '),
  ...(error?.code !== undefined && { rule: error.code }),
});

let go;
export const mayGo = new Promise((resolve) => (go = resolve));

/** Handles the driver's commands; `commands` are further ones. */
export function listenToDriver(commands = {}) {
  const known = {
    go,
    counts() {
      globalThis.gc?.();
      const counts = {};
      for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
      // Those of a turn of the loop come and go.
      delete counts.Immediate;
      delete counts.PipeWrap;
      tell('counts', null, counts);
    },
    ...commands,
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const [name, ...words] = line.split(' ');
    known[name](...words);
  });
  // The driver is gone.
  lines.on('close', () => process.exit());
}

/** The last argument, where it is the driver's. */
export const options = process.argv.at(-1).startsWith('{') ? JSON.parse(process.argv.at(-1)) : {};
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const turn = () => new Promise((resolve) => setImmediate(resolve));

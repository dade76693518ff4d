// Serves a program with its objects on this package's host.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { register } = require('../../dist/register.js');
const { Host } = require('../../dist/durable/host.js');
const { serveModule } = require('../../dist/network/serve.js');
const { setReporter } = require('../../dist/basics/report.js');
export const { library } = require('../../dist/durable/storage/libraries.js');

register();
// What handlers throw is part of the rows.
setReporter(() => {});

/** `state`: a folder or `memory`. */
export async function start(program, state, { classes, sql, date }) {
  const module = await import(`./programs/${program}.mjs?${encodeURIComponent(state)}`);
  const host = new Host({
    bindings: Object.fromEntries(classes.map((name) => [name.toUpperCase(), name])),
    classes: Object.fromEntries(classes.map((name) => [name, { sql }])),
    state,
    env: {},
    deleteAllDeletesAlarm: date >= '2026-02-24',
  });
  return serveModule(module, host, { port: 0 });
}

// Serves a program with its objects on this package's host.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { register } = require('../../dist/register.js');
const { Host } = require('../../dist/durable/host.js');
const { serveModule } = require('../../dist/network/serve.js');
const { surround } = require('../../dist/cloudflare/surroundings.js');
const { setReporter } = require('../../dist/basics/report.js');
export const { library } = require('../../dist/durable/storage/libraries.js');

register();
// What handlers throw is part of the rows.
setReporter(() => {});
// As the command has it: what a promise that nobody awaits comes to is no reason to end.
process.on('unhandledRejection', () => {});

/** `state`: a folder or `memory`. */
export async function start(program, state, { classes, sql, date }) {
  const host = new Host({
    bindings: Object.fromEntries(classes.map((name) => [name.toUpperCase(), name])),
    classes: Object.fromEntries(classes.map((name) => [name, { sql }])),
    state,
    env: {},
    deleteAllDeletesAlarm: date >= '2026-02-24',
  });
  // Before the module runs, which may look.
  surround({ env: host.env, exports: host.exports });
  const module = await import(`./programs/${program}.mjs?${encodeURIComponent(state)}`);
  return serveModule(module, host, { port: 0 });
}

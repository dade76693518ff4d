// The command lines of the echo hosts: those of the Rust ones.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'max-message': { type: 'string' },
    'max-fragments': { type: 'string' },
    // In seconds.
    'handshake-within': { type: 'string' },
    'close-within': { type: 'string' },
    'ping-after': { type: 'string' },
    'pong-within': { type: 'string' },
    subprotocol: { type: 'string' },
    origin: { type: 'string', multiple: true },
    deflate: { type: 'boolean', default: false },
  },
});
export const { host, deflate, subprotocol, origin: origins } = values;
export const port = Number(values.port);
const given = (pairs, scale = 1) =>
  Object.fromEntries(pairs.filter(([, name]) => values[name] !== undefined).map(([to, name]) => [to, values[name] * scale]));
export const limits = {
  ...given([['maxMessage', 'max-message'], ['maxFragments', 'max-fragments']]),
  ...given([['closeWithin', 'close-within'], ['pingAfter', 'ping-after'], ['pongWithin', 'pong-within']], 1000),
};
export const headLimits = given([['within', 'handshake-within']], 1000);
export const [url, agent] = positionals;

// The command lines of the echo hosts: those of the Rust ones.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'max-message': { type: 'string' },
    'max-fragments': { type: 'string' },
    deflate: { type: 'boolean', default: false },
  },
});
export const { host, deflate } = values;
export const port = Number(values.port);
export const limits = {
  ...(values['max-message'] && { maxMessage: Number(values['max-message']) }),
  ...(values['max-fragments'] && { maxFragments: Number(values['max-fragments']) }),
};
export const [url, agent] = positionals;

// Options with a wrong name, a wrong type, a value out of range: what they are told.
//
//     misconfigured.mjs serve|upgrade|websocket|connection
import { tell } from './speak.mjs';

const { Connection, serve, upgrader, WebSocket } = await import(process.env.WSPAIR);
const worker = { fetch: () => new Response('') };
const limits = (name, value) => ['limits', { [name]: value }, name, value];
const common = [
  ['limit', {}],
  ['origins', 'https://example.org'],
  ['origins', ['no origin']],
  ['origins', 7],
  ['deflate', 'yes'],
  ['deflate', { serverMaxWindowBits: 99 }, 'serverMaxWindowBits', 99],
  ['limits', 7],
  limits('maxMesage', 1000),
  limits('maxMessage', '1M'),
  limits('maxMessage', -1),
  limits('maxMessage', NaN),
  limits('pingAfter', '20'),
  limits('pingAfter', -1),
];
const cases = {
  serve: [...common, ['port', 'x'], ['port', 70_000], ['tls', 7], ['headTimeout', -1], ['headTimeout', 'x']],
  upgrade: common,
  websocket: [
    ['connectTimout', 5],
    ['connectTimeout', 'x'],
    ['connectTimeout', -1],
    ['maxMessage', '1M'],
    ['maxMessage', -1],
    ['deflate', 'yes'],
    ['headers', 7],
    ['signal', 7],
    ['tls', 7],
  ],
  connection: [
    ['maxMesage', 1000],
    ['maxMessage', '1M'],
    ['maxMessage', -1],
    ['pingAfter', '20'],
    ['pingAfter', -1],
    ['pingAfter', NaN],
    ['autoClose', 'no'],
  ],
};
const attempts = {
  serve: async (options) => (await serve(worker, { port: 0, ...options })).close(),
  upgrade: (options) => upgrader(worker, options),
  websocket: (options) => new WebSocket('ws://127.0.0.1:1/', [], options).addEventListener('error', () => {}),
  connection: (options) => new Connection('server', options),
};

const which = process.argv[2];
for (const [name, value, inner = name, innerValue = value] of cases[which]) {
  const text = `${inner}=${JSON.stringify(innerValue)}`;
  try {
    await attempts[which]({ [name]: value });
    tell('case', null, { name: text, text: 'no error', raised: false });
  } catch (error) {
    tell('case', null, { name: text, text: error.message, raised: true, option: inner });
  }
}
tell('over');
process.exit();

export default {
  test: { globals: true, include: ['runner.test.mjs'] },
  resolve: { alias: [{ find: /^cloudflare:(.*)$/, replacement: 'wspair/cloudflare/$1' }] },
};

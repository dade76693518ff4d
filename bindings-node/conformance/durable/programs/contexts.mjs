// workerd: {"classes": []}
// The third argument of a Worker's `fetch`.
import { answers, line } from '../rows.mjs';

export const rows = {
  'taken from it': async ({ ctx }, { tried }) => {
    const { waitUntil, passThroughOnException } = ctx;
    return [await tried(() => waitUntil(Promise.resolve())), await tried(() => passThroughOnException())];
  },
  'arguments': async ({ ctx }, { tried }) => [await tried(() => ctx.waitUntil()), await tried(() => ctx.waitUntil(5)), await tried(() => ctx.waitUntil(undefined)), await tried(() => ctx.passThroughOnException())],
  'what it is': async ({ ctx }, { tried }) => [String(ctx), ctx.constructor.name, await tried(() => new ctx.constructor()), 'waitUntil' in ctx, typeof { ...ctx }.waitUntil, ctx.props],
};

export default answers(rows, (name, env, ctx) => line(rows[name], { ctx }));

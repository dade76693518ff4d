// `scheduler`, in a Worker and in an object. Every row has an object of its own.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause } from '../rows.mjs';

export class Obj extends DurableObject {
  async wait(ms) {
    const before = Date.now();
    await scheduler.wait(ms);
    return Date.now() - before >= ms - 2;
  }
  async fails() {
    this.ctx.waitUntil(scheduler.wait(20).then(() => this.ctx.storage.put('woke', true)));
    await scheduler.wait(5);
    this.ctx.abort('enough');
  }
  woke() {
    return this.ctx.storage.get('woke');
  }
}

const settled = (promise) => promise.then((value) => `gave ${value}`, (error) => `failed ${error}`);

/** Whether a wait is over after a while. It is ended then: who replays this waits for no timer. */
async function yet(ms) {
  const controller = new AbortController();
  const waited = settled(scheduler.wait(ms, { signal: controller.signal }));
  const said = await Promise.race([waited, pause(30).then(() => 'not yet')]);
  controller.abort();
  return said;
}

export const rows = {
  'what it is': () => [String(scheduler), Object.keys(scheduler), typeof Scheduler],
  'what it gives': async () => [await scheduler.wait(1), await scheduler.wait(1, {}), await scheduler.wait(1, null), await scheduler.wait(1, { signal: undefined })],
  'it waits': ({ stub }) => stub.wait(30),
  'as text': ({ stub }) => stub.wait('30'),
  'for no time': async () => [await settled(scheduler.wait(0)), await settled(scheduler.wait(-1)), await settled(scheduler.wait(NaN)), await settled(scheduler.wait('x'))],
  'for ever': () => yet(Infinity),
  'for a month': () => yet(30 * 24 * 3600e3),
  'without an argument': () => settled(scheduler.wait()),
  'with wrong options': async () => [await settled(scheduler.wait(1, 5)), await settled(scheduler.wait(1, { signal: 5 })), await settled(scheduler.wait(1, { signal: null })), await settled(scheduler.wait(1, { signal: {} }))],
  'aborted before': () => settled(scheduler.wait(5, { signal: AbortSignal.abort(new Error('before')) })),
  'aborted meanwhile': async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('meanwhile')), 10);
    return settled(scheduler.wait(60_000, { signal: controller.signal }));
  },
  'aborted later': async () => {
    const controller = new AbortController();
    const waited = await settled(scheduler.wait(5, { signal: controller.signal }));
    controller.abort(new Error('later'));
    return waited;
  },
  'without its object': (_, { tried }) => {
    const { wait } = scheduler;
    return tried(() => wait(1));
  },
  'a reset object does not wake': async ({ stub, fresh }, { tried }) => {
    const said = await tried(() => stub.fails());
    await pause(60);
    return [said, await fresh().woke()];
  },
};

export default answers(rows, (name, env) => line(rows[name], { stub: env.OBJ.getByName(name), fresh: () => env.OBJ.getByName(name) }));

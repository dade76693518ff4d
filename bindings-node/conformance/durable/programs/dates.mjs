// workerd: {"date": "2025-01-01"}
// What was otherwise at an older compatibility date.
import { DurableObject } from 'cloudflare:workers';
import { answers, line } from '../rows.mjs';

export const rows = {
  'deleteAll keeps the alarm': async ({ storage }) => {
    await storage.put('a', 1);
    await storage.setAlarm(4e12);
    await storage.deleteAll();
    return [await storage.list(), await storage.getAlarm()];
  },
  'what is thrown at once and what is rejected': ({ storage }) => {
    const how = (fn) => {
      try {
        fn().catch(() => {});
        return 'rejects';
      } catch {
        return 'throws';
      }
    };
    return [() => storage.get(), () => storage.put('a', () => 1), () => storage.list({ limit: 0 }), () => storage.setAlarm('x')].map(how);
  },
};

export class Obj extends DurableObject {
  row(name) {
    return line(rows[name], this.ctx);
  }

  alarm() {}
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).row(name));

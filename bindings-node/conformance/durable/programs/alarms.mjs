// workerd: {"classes": ["Obj", "Silent"], "together": true}
// Alarms. Every row has an object of its own, whose handler does what the row gave it to do.
import { DurableObject } from 'cloudflare:workers';
import { answers, line, pause } from '../rows.mjs';

// Far enough ahead to be set in time on a busy machine, too.
const soon = () => Date.now() + 400;
const far = 1_000_000;
/** About how long ago or in how long, in units of `unit` milliseconds. */
const about = (time, unit = 100_000) => (time === null ? null : Math.round((time - Date.now()) / unit));

async function until(condition, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(10)) if (condition()) return true;
  return false;
}

export const rows = {
  'none': ({ storage }) => storage.getAlarm(),
  'set a number': async ({ storage }) => [await storage.setAlarm(Date.now() + far), about(await storage.getAlarm()), typeof (await storage.getAlarm())],
  'set a date': async ({ storage }) => [await storage.setAlarm(new Date(Date.now() + far)), about(await storage.getAlarm())],
  'set a fraction': async ({ storage }) => {
    await storage.setAlarm(4e12 + 0.7);
    return storage.getAlarm();
  },
  'set replaces': async ({ storage }) => {
    await storage.setAlarm(Date.now() + far);
    await storage.setAlarm(Date.now() + 2 * far);
    return about(await storage.getAlarm());
  },
  'set without an await is seen by the get after it': ({ storage }) => {
    storage.setAlarm(4e12);
    return storage.getAlarm();
  },
  'set of what is no time': async ({ storage }, { note, tried }) => {
    for (const when of [NaN, 'x', undefined, null, {}, true, 0, -1, new Date(NaN), new Date(-1), Infinity, 5n, 0.5]) note(await tried(() => storage.setAlarm(when)));
    note(await tried(() => storage.setAlarm()));
    return storage.getAlarm();
  },
  'a time in the past is now': async ({ storage, object }) => {
    object.doing = () => pause(1);
    await storage.setAlarm(1);
    const time = await storage.getAlarm();
    return time === null ? null : Math.abs(time - Date.now()) < 10_000;
  },
  'the latest there is': async ({ storage }, { note, tried }) => {
    for (const year of [2189, 2190, 2262, 2263]) note(year, await tried(() => storage.setAlarm(Date.UTC(year, 0, 1))));
  },
  'options': async ({ storage }) => [await storage.setAlarm(4e12, { allowUnconfirmed: true, allowConcurrency: true }), await storage.getAlarm({ allowConcurrency: true }), await storage.deleteAlarm({ allowUnconfirmed: true })],
  'delete': async ({ storage }) => {
    await storage.setAlarm(4e12);
    return [await storage.deleteAlarm(), await storage.getAlarm(), await storage.deleteAlarm()];
  },
  'a class without a handler': async (_, { note }, { env }) => note(await env.SILENT.getByName('a').set()),
  'deleteAll deletes it': async ({ storage }) => {
    await storage.setAlarm(4e12);
    await storage.deleteAll();
    return storage.getAlarm();
  },
  'rolled back with its transaction': async ({ storage }) => {
    await storage.transaction(async (txn) => {
      await txn.setAlarm(4e12);
      txn.rollback();
    });
    const first = await storage.getAlarm();
    await storage.setAlarm(4e12);
    await storage.transaction(async (txn) => {
      await txn.deleteAlarm();
      txn.rollback();
    });
    return [first, await storage.getAlarm()];
  },
  'in a transaction that is kept': async ({ storage }) => [await storage.transaction(async (txn) => [await txn.getAlarm(), await txn.setAlarm(4e12), await txn.getAlarm()]), await storage.getAlarm()],
  'in a synchronous transaction': async ({ storage }) => {
    try {
      storage.transactionSync(() => {
        storage.setAlarm(4e12);
        throw new Error('undo');
      });
    } catch {}
    return storage.getAlarm();
  },
  'it runs, with what it gets': async ({ storage, object }) => {
    const when = soon();
    await storage.setAlarm(when);
    await until(() => object.runs.length > 0);
    const [run] = object.runs;
    return [run.count, Object.keys(run.info).sort(), run.info.scheduledTime === when, run.info.retryCount, run.info.isRetry, run.at - when < 2000 && run.at >= when - 5];
  },
  'what it gets is an object like others': async ({ storage, object }) => {
    await storage.setAlarm(soon());
    await until(() => object.runs.length > 0);
    return [object.runs[0].info.constructor.name, typeof object.runs[0].info.scheduledTime, object.runs[0].given];
  },
  'in the past it runs at once': async ({ storage, object }) => {
    await storage.setAlarm(1);
    await until(() => object.runs.length > 0);
    return [object.runs.length, Math.abs(object.runs[0].info.scheduledTime - Date.now()) < 10_000];
  },
  'while it runs there is none': async ({ storage, object }) => {
    object.doing = async () => object.say(await storage.getAlarm());
    await storage.setAlarm(soon());
    await until(() => object.said.length > 0);
    return [object.said, await storage.getAlarm()];
  },
  'set by its handler': async ({ storage, object }) => {
    object.doing = async (count) => {
      if (count > 1) return;
      await storage.setAlarm(4e12);
      object.say(await storage.getAlarm());
    };
    await storage.setAlarm(soon());
    await until(() => object.said.length > 0);
    await pause(100);
    return [object.said, await storage.getAlarm()];
  },
  'again and again': async ({ storage, object }) => {
    object.doing = async (count) => {
      if (count < 3) await storage.setAlarm(Date.now() + 20);
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 3);
    await pause(200);
    return [object.runs.length, object.runs.map(({ info }) => info.retryCount), await storage.getAlarm()];
  },
  'a new one waits until the handler is done': async ({ storage, object }) => {
    object.doing = async (count) => {
      if (count > 1) return object.say('second');
      await storage.setAlarm(Date.now());
      await pause(150);
      object.say('first done');
    };
    await storage.setAlarm(soon());
    await until(() => object.said.length > 1);
    return object.said;
  },
  'deleted before it runs': async ({ storage, object }) => {
    await storage.setAlarm(Date.now() + 100);
    await storage.deleteAlarm();
    await pause(300);
    return object.runs.length;
  },
  'moved before it runs': async ({ storage, object }) => {
    await storage.setAlarm(Date.now() + 100);
    await storage.setAlarm(4e12);
    await pause(300);
    return [object.runs.length, await storage.getAlarm()];
  },
  'a throw is tried again, two seconds later, then four': async ({ storage, object }) => {
    object.doing = (count) => {
      if (count < 3) throw new Error('not yet');
    };
    const when = soon();
    await storage.setAlarm(when);
    await until(() => object.runs.length >= 3);
    await pause(50);
    const waits = object.runs.slice(1).map(({ at }, i) => at - object.runs[i].at);
    return [object.runs.map(({ info }) => [info.scheduledTime === when, info.retryCount, info.isRetry]), waits.map((ms, i) => ms >= 1900 * 2 ** i && ms < 3500 * 2 ** i), await storage.getAlarm()];
  },
  'between two tries': async ({ storage, object }) => {
    object.doing = (count) => {
      if (count === 1) throw new Error('not yet');
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 1);
    await pause(300);
    const between = await storage.getAlarm();
    await until(() => object.runs.length >= 2);
    await pause(50);
    return [between === null ? null : 'a time', await storage.getAlarm()];
  },
  'what a try wrote before it threw stays': async ({ storage, object }) => {
    object.doing = async (count) => {
      await storage.put(`try ${count}`, 1);
      if (count === 1) throw new Error('not yet');
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 2);
    await pause(50);
    return storage.list();
  },
  'set by a handler that then throws': async ({ storage, object }) => {
    object.doing = async (count) => {
      if (count > 1) return;
      await storage.setAlarm(Date.now() + 300);
      throw new Error('no');
    };
    const when = soon();
    await storage.setAlarm(when);
    await until(() => object.runs.length >= 2);
    await pause(2600);
    return [object.runs.map(({ info }) => [info.scheduledTime === when, info.retryCount, info.isRetry]), await storage.getAlarm()];
  },
  'deleted by a handler that then throws': async ({ storage, object }) => {
    object.doing = async () => {
      await storage.deleteAlarm();
      throw new Error('no');
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 1);
    await pause(2800);
    return [object.runs.length, await storage.getAlarm()];
  },
  'deleted between two tries': async ({ storage, object }) => {
    object.doing = () => {
      throw new Error('no');
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 1);
    await pause(100);
    await storage.deleteAlarm();
    await pause(2800);
    return [object.runs.length, await storage.getAlarm()];
  },
  'set anew between two tries': async ({ storage, object }) => {
    object.doing = (count) => {
      if (count === 1) throw new Error('no');
    };
    await storage.setAlarm(soon());
    await until(() => object.runs.length >= 1);
    await pause(100);
    await storage.setAlarm(Date.now() + 100);
    await until(() => object.runs.length >= 2);
    await pause(2800);
    return [object.runs.map(({ info }) => [info.retryCount, info.isRetry]), object.runs[1].at - object.runs[0].at < 1500];
  },
  'deleteAll in its handler': async ({ storage, object }) => {
    object.doing = async () => {
      await storage.put('a', 1);
      await storage.deleteAll();
      object.say(await storage.getAlarm(), await storage.list());
    };
    await storage.setAlarm(soon());
    await until(() => object.said.length > 0);
    await pause(50);
    return [object.said, await storage.getAlarm()];
  },
  'deleted in its handler': async ({ storage, object }) => {
    object.doing = async () => {
      await storage.deleteAlarm();
      object.say(await storage.getAlarm());
    };
    await storage.setAlarm(soon());
    await until(() => object.said.length > 0);
    await pause(50);
    return [object.runs.length, object.said, await storage.getAlarm()];
  },
};

export class Obj extends DurableObject {
  runs = [];
  said = [];
  doing = () => {};

  row(name) {
    const { storage } = this.ctx;
    return line((given, help) => rows[name](given, help, { env: this.env }), { storage, object: this });
  }

  say(...values) {
    this.said.push(...values);
  }

  alarm(...given) {
    const [info] = given;
    this.runs.push({ info: { ...info, constructor: info.constructor }, given: given.length, at: Date.now(), count: this.runs.length + 1 });
    return this.doing(this.runs.length);
  }
}

export class Silent extends DurableObject {
  async set() {
    return line(async ({ storage }, { note, tried }) => {
      note(await tried(() => storage.setAlarm(4e12)));
      note(await tried(() => storage.getAlarm()));
      note(await tried(() => storage.deleteAlarm()));
    }, this.ctx);
  }
}

export default answers(rows, (name, env) => env.OBJ.getByName(name).row(name));

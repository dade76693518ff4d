// The modules that Workers import as `cloudflare:…`. Their names, texts and conversions are those of
// the real runtime.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import 'wspair/register';
import { serve } from 'wspair';

const workers = await import('cloudflare:workers');
const { DurableObject, env, RpcPromise, RpcProperty, RpcStub, RpcTarget, ServiceStub, tracing, waitUntil, withEnv, withEnvAndExports, withExports, WorkerEntrypoint, WorkflowEntrypoint } = workers;
const typeError = (message) => ({ name: 'TypeError', message });

test('what cloudflare:workers exports', () => {
  const names = 'DurableObject RpcPromise RpcProperty RpcStub RpcTarget ServiceStub WorkerEntrypoint WorkflowEntrypoint abortIsolate cache env exports restore tracing waitUntil withEnv withEnvAndExports withExports';
  assert.deepEqual(Object.keys(workers).sort(), names.split(' '));
});

describe('the other modules', () => {
  test('import, and say what is missing when they are used', async () => {
    const { EmailMessage } = await import('cloudflare:email');
    assert.throws(() => new EmailMessage('a@b', 'c@d', ''), { message: /^wspair does not provide EmailMessage/ });
    const { connect } = await import('cloudflare:sockets');
    assert.throws(() => connect('127.0.0.1:1'), { message: /^wspair does not provide connect/ });
    const { NonRetryableError } = await import('cloudflare:workflows');
    assert.equal(String(new NonRetryableError('no')), 'NonRetryableError: no');
    assert.throws(() => workers.abortIsolate(), { message: /^wspair does not provide abortIsolate/ });
  });
  for (const name of ['cloudflare:test', 'cloudflare:', 'cloudflare:workers/x']) {
    test(`${name} is not there, and which are is told`, async () => {
      const message = `wspair provides no module '${name}'. There are cloudflare:email, cloudflare:sockets, cloudflare:workers, cloudflare:workflows.`;
      await assert.rejects(import(name), { code: 'ERR_MODULE_NOT_FOUND', message });
    });
  }
  test('are files of the package too, the same for import and require', async () => {
    const require = createRequire(import.meta.url);
    assert.equal((await import('wspair/cloudflare/workers')).WorkerEntrypoint, WorkerEntrypoint);
    assert.equal(require('wspair/cloudflare/workers').WorkerEntrypoint, WorkerEntrypoint);
    for (const name of ['email', 'sockets', 'workflows']) assert.deepEqual(Object.keys(await import(`wspair/cloudflare/${name}`)), Object.keys(require(`wspair/cloudflare/${name}`)));
  });
  test('are found by require, from Node 22.15 on', { skip: createRequire(import.meta.url)('node:module').registerHooks === undefined }, () => {
    const program = "require('wspair/register'); console.log(typeof require('cloudflare:workers').WorkerEntrypoint)";
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: import.meta.dirname, encoding: 'utf8' });
    assert.equal(stdout, 'function\n', stderr);
  });
});

describe('in a Worker that is served', () => {
  const asked = async (serving) => (await fetch(serving.url)).json();
  test('env is what serve got, to each its own, and in listeners too', async (t) => {
    const fetch = async () => {
      const { NAME } = env;
      await new Promise((resolve) => setTimeout(resolve, 1)); // sleeps: an application that takes its time
      return Response.json([NAME, env.NAME]);
    };
    const serving = await Promise.all(['a', 'b'].map((NAME) => serve({ fetch }, { port: 0, env: { NAME } })));
    t.after(() => serving.map((each) => each.close({ deadline: 0 })));
    assert.deepEqual(await Promise.all([...serving, ...serving].map(asked)), [['a', 'a'], ['b', 'b'], ['a', 'a'], ['b', 'b']]);
    assert.equal(env.NAME, 'b');
  });
  test('close waits for what waitUntil got', async () => {
    let done = false;
    const worker = {
      fetch() {
        waitUntil(new Promise((resolve) => setTimeout(() => resolve((done = true)), 50)));
        return Response.json(done);
      },
    };
    const serving = await serve(worker, { port: 0 });
    assert.equal(await asked(serving), false);
    await serving.close();
    assert.equal(done, true);
  });
});

describe('classes', () => {
  test('an entry point has its context and its bindings', () => {
    class Mine extends WorkerEntrypoint {
      name() {
        return this.env.NAME;
      }
    }
    const ctx = {};
    const mine = new Mine(ctx, { NAME: 'a' });
    assert.deepEqual([Object.keys(mine), mine.ctx === ctx, mine.name()], [['ctx', 'env'], true, 'a']);
  });
  test('say what they were to get', () => {
    const text = (owner, position, type) => typeError(`Failed to construct '${owner}': constructor parameter ${position} is not of type '${type}'.`);
    assert.throws(() => new WorkerEntrypoint(), text('WorkerEntrypoint', 1, 'Object'));
    assert.throws(() => new WorkerEntrypoint({}), text('WorkerEntrypoint', 2, 'Object'));
    assert.throws(() => new DurableObject(), text('DurableObjectBase', 1, 'DurableObjectState'));
    assert.throws(() => new WorkflowEntrypoint(), text('WorkflowEntrypoint', 1, 'ExecutionContext'));
    for (const Class of [RpcPromise, RpcProperty, ServiceStub]) assert.throws(() => new Class(), typeError('Illegal constructor'));
  });
});

describe('env', () => {
  test('is an ordinary object to look at', () => {
    env.NAME = 'a';
    assert.deepEqual([Object.keys(env), { ...env }, 'NAME' in env, JSON.stringify(env), inspect(env)], [['NAME'], { NAME: 'a' }, true, '{"NAME":"a"}', "{ NAME: 'a' }"]);
    assert.ok(delete env.NAME);
    assert.deepEqual([env.NAME, env.toString(), Object.getPrototypeOf(env)], [undefined, '[object Object]', Object.prototype]);
  });
  test('is another one within withEnv, and in what follows from it', async () => {
    const seen = withEnv({ A: 1 }, async () => {
      const inner = withEnv(Object.freeze({ B: 2 }), () => [env.A, env.B, Object.getOwnPropertyDescriptor(env, 'B').value]);
      await new Promise((resolve) => setTimeout(resolve, 1)); // sleeps: an application that takes its time
      return [inner, env.A, Object.keys(env)];
    });
    assert.equal(env.A, undefined);
    assert.deepEqual(await seen, [[undefined, 2, 2], 1, ['A']]);
    assert.equal(env.A, undefined);
  });
  test('so are the exports', () => {
    assert.deepEqual(withExports({ x: 1 }, () => Object.keys(workers.exports)), ['x']);
    assert.deepEqual(withEnvAndExports({ A: 1 }, { x: 1 }, () => [env.A, workers.exports.x]), [1, 1]);
    assert.equal('x' in workers.exports, false);
  });
  test('an exception goes through, and what is no function is refused', () => {
    assert.throws(() => withEnv({}, () => { throw new RangeError('mine'); }), RangeError);
    assert.equal(withEnv(null, () => 1), 1);
    assert.throws(() => withEnv({}), typeError("Failed to execute 'withEnv' on 'EnvModule': parameter 2 is not of type 'function'."));
    assert.throws(() => withEnvAndExports({}, {}), typeError("Failed to execute 'withEnvAndExports' on 'EnvModule': parameter 3 is not of type 'function'."));
  });
});

test('waitUntil takes any value, and needs one', () => {
  assert.equal(waitUntil(Promise.resolve()), undefined);
  assert.equal(waitUntil(5), undefined);
  assert.throws(() => waitUntil(), typeError("Failed to execute 'waitUntil' on 'EntrypointsModule': parameter 1 is not of type 'Promise'."));
});

test('spans run what they are made for', async () => {
  assert.deepEqual(tracing.enterSpan('name', (span, ...rest) => [span.setAttribute('a', 1) === span, span.isTraced, rest], 4, 5), [true, false, [4, 5]]);
  assert.equal(await tracing.startActiveSpan('name', async () => 1), 1);
  assert.equal(tracing.startSpan('name').end(), undefined);
});

describe('stubs', () => {
  class Inner extends RpcTarget {
    value() {
      return 5;
    }
  }
  class Target extends RpcTarget {
    own = 'hidden';
    hello(name) {
      return `hello, ${name}`;
    }
    get answer() {
      return 42;
    }
    inner() {
      return new Inner();
    }
    fail() {
      throw new RangeError('mine');
    }
  }
  test('call a target, of which only its class shows', async () => {
    const stub = new RpcStub(new Target());
    assert.ok(stub instanceof RpcStub);
    assert.equal(await stub.hello('you'), 'hello, you');
    assert.equal(await stub.answer, 42);
    await assert.rejects(async () => await stub.own, typeError('The RPC receiver does not implement the method "own".'));
    await assert.rejects(async () => stub.missing(), typeError('The RPC receiver does not implement the method "missing".'));
    assert.equal(String(stub), '[object JsRpcStub]');
    await assert.rejects(async () => stub.fail(), RangeError);
    assert.equal(await (await stub).dup().hello('you'), 'hello, you');
  });
  test('can be called before what they are of is there', async () => {
    const stub = new RpcStub(new Target());
    const call = stub.inner();
    assert.ok(call instanceof RpcPromise && stub.inner instanceof RpcProperty);
    assert.equal(await call.value(), 5);
    await assert.rejects(async () => stub.fail().anything(), RangeError);
  });
  test('wrap functions and plain objects, and nothing else', async () => {
    assert.equal(await new RpcStub((n) => n + 1)(4), 5);
    const stub = new RpcStub({ a: 1, f() { return this.a; } });
    assert.deepEqual([await stub.a, await stub.f()], [1, 1]);
    assert.throws(() => new RpcStub(), typeError("Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'."));
    assert.throws(() => new RpcStub(new Date()), typeError('RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.'));
  });
});

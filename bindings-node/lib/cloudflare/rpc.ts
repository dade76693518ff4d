/** Calls as between Workers, to objects of the same process: stubs, and promises whose members can be called before they are kept. */

/** What may be called from elsewhere: the methods of its class. */
export abstract class RpcTarget {}

/** Calls an object as if it were elsewhere. */
export class RpcStub {
  constructor(target: unknown) {
    if ((typeof target !== 'object' && typeof target !== 'function') || target === null) {
      throw new TypeError("Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.");
    }
    if (!isWrappable(target)) {
      throw new TypeError('RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.');
    }
    return shown(RpcStub, async (args) => call(target, target, args), (key) => {
      // Else awaiting a stub would call it.
      if (key === 'then') return undefined;
      return key === 'dup' ? () => new RpcStub(target) : property(Promise.resolve(target), key);
    });
  }
}

/** What a call gives: a promise that has the members of its value. */
export class RpcPromise {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

/** A member of a stub, to be called, or awaited for its value. */
export class RpcProperty {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

/** Another Worker: here there is none. */
export class ServiceStub {
  constructor() {
    throw new TypeError('Illegal constructor');
  }
}

function property(owner: Promise<unknown>, key: string): unknown {
  const value = owner.then((owner) => memberOf(owner, key));
  return promised(RpcProperty, value, async (args) => call(await value, await owner, args, key));
}

/** @param made the call that it stands for, where it is called itself */
function promised(Class: object, value: Promise<unknown>, made: (args: unknown[]) => Promise<unknown>): unknown {
  // Who only calls a member has not asked for this.
  value.catch(() => {});
  return shown(Class, made, (key) => {
    if (key === 'then' || key === 'catch' || key === 'finally') return value[key].bind(value);
    return property(value, key);
  });
}

function shown(Class: any, made: (args: unknown[]) => Promise<unknown>, member: (key: string) => unknown): any {
  return new Proxy(() => {}, {
    getPrototypeOf: () => Class.prototype,
    apply(_target, _this, args) {
      const result = made(args);
      return promised(RpcPromise, result, async (args) => call(await result, undefined, args));
    },
    get: (_target, key) => (typeof key === 'string' ? member(key) : undefined),
  });
}

async function call(method: unknown, owner: unknown, args: unknown[], key = ''): Promise<unknown> {
  if (typeof method !== 'function') throw new TypeError(`The RPC receiver does not implement the method "${key}".`);
  return method.apply(owner, args);
}

/** A target shows what its class has, another object what is its own. */
function memberOf(owner: any, key: string): unknown {
  if (owner instanceof RpcTarget) return key in Object.prototype || Object.hasOwn(owner, key) ? undefined : (owner as any)[key];
  return typeof owner === 'object' && owner !== null && !Object.hasOwn(owner, key) ? undefined : owner?.[key];
}

function isWrappable(target: object): boolean {
  const prototype = Object.getPrototypeOf(target);
  return typeof target === 'function' || target instanceof RpcTarget || prototype === Object.prototype || prototype === null;
}

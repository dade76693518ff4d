/** JavaScript's values as the numbers that Node-API has for them. */

/** What is always there; the first is what a call that gives nothing gives. */
const CONSTANTS = [undefined, undefined, null, true, false, globalThis];

export const enum Constant {
  Undefined = 1,
  Null,
  True,
  False,
  Global,
}

/** Handles live until the call from JavaScript that made them returns. */
export class Handles {
  private readonly values: unknown[] = [...CONSTANTS];

  get(handle: number): unknown {
    return this.values[handle];
  }

  add(value: unknown): number {
    return this.values.push(value) - 1;
  }

  get mark(): number {
    return this.values.length;
  }

  release(mark: number): void {
    this.values.length = mark;
  }
}

/** Values that outlive calls: held as long as they are counted. */
export class References {
  private readonly entries = new Map<number, { count: number; strong: unknown; weak: WeakRef<object> | undefined }>();
  private next = 1;

  add(value: unknown, count: number): number {
    const weak = isObject(value) ? new WeakRef(value) : undefined;
    this.entries.set(this.next, { count, strong: count > 0 || weak === undefined ? value : undefined, weak });
    return this.next++;
  }

  delete(reference: number): void {
    this.entries.delete(reference);
  }

  get(reference: number): unknown {
    const entry = this.entries.get(reference);
    return entry?.strong ?? entry?.weak?.deref();
  }

  unref(reference: number): number {
    const entry = this.entries.get(reference);
    if (entry === undefined) return 0;
    entry.count -= 1;
    if (entry.count <= 0 && entry.weak !== undefined) entry.strong = undefined;
    return entry.count;
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** What an object is to the native side: an address, and who is told when the object is gone. */
export class Natives {
  private readonly addresses = new WeakMap<object, number>();
  private readonly finalizers: FinalizationRegistry<() => void>;

  constructor() {
    this.finalizers = new FinalizationRegistry((finalize) => finalize());
  }

  put(object: object, address: number, finalize: () => void): void {
    this.addresses.set(object, address);
    this.finalizers.register(object, finalize);
  }

  has(value: unknown): boolean {
    return isObject(value) && this.addresses.has(value);
  }

  get(value: unknown): number | undefined {
    return isObject(value) ? this.addresses.get(value) : undefined;
  }
}

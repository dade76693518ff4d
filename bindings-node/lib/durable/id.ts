/** Names of objects: 32 bytes, of which half prove to which namespace they belong. */

import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { illegalInvocation, wrongArgument } from '../web/errors';
import { conceal } from '../web/expose';

export class DurableObjectId {
  readonly #hex: string;
  declare readonly jurisdiction?: string;
  declare readonly name?: string;

  /** @param hex 64 digits */
  constructor(hex: string, name: string | undefined) {
    this.#hex = hex;
    const own = (value: unknown) => ({ value, enumerable: true, writable: false, configurable: true });
    Object.defineProperties(this, { jurisdiction: own(undefined), name: own(name) });
  }

  toString(): string {
    if (!DurableObjectId.is(this)) throw illegalInvocation();
    return this.#hex;
  }

  equals(other: unknown): boolean {
    if (!DurableObjectId.is(other)) throw wrongArgument('equals', 'DurableObjectId', 1, 'DurableObjectId');
    return other.#hex === this.#hex;
  }

  static is(value: unknown): value is DurableObjectId {
    return typeof value === 'object' && value !== null && #hex in value;
  }

  [inspect.custom](): string {
    return `DurableObjectId ${inspect({ name: this.name, id: this.#hex })}`;
  }
}

Object.defineProperty(DurableObjectId.prototype, inspect.custom, { enumerable: false });
conceal(DurableObjectId, 'DurableObjectId');

/** The ids of one namespace, of which `key` is 64 hexadecimal digits. */
export class Ids {
  private readonly key: Buffer;

  constructor(key: string) {
    this.key = Buffer.from(key, 'hex');
  }

  fromName(name: string): DurableObjectId {
    return new DurableObjectId(this.checked(this.digest(`name:${name}`)), name);
  }

  random(): DurableObjectId {
    return new DurableObjectId(this.checked(randomBytes(HALF)), undefined);
  }

  fromString(text: string): DurableObjectId {
    if (!/^[0-9a-f]{64}$/i.test(text)) throw new TypeError('Invalid Durable Object ID: must be 64 hex digits');
    const hex = text.toLowerCase();
    if (this.checked(Buffer.from(hex.slice(0, 2 * HALF), 'hex')) !== hex) {
      throw new TypeError('Durable Object ID is not valid for this namespace.');
    }
    return new DurableObjectId(hex, undefined);
  }

  private checked(first: Buffer): string {
    return Buffer.concat([first, this.digest(Buffer.concat([Buffer.from('id:'), first]))]).toString('hex');
  }

  private digest(of: string | Buffer): Buffer {
    return createHmac('sha256', this.key).update(of).digest().subarray(0, HALF);
  }
}

const HALF = 16;

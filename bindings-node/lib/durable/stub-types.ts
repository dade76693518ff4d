/** What a program in TypeScript sees of the objects of a class. */

import type { Response } from '../web/types';
import type { DurableObjectId } from './id';

/** Calls an object of the class `T`: its methods, and the properties of its class, give promises. */
export type DurableObjectStub<T = unknown> = StubMembers & (unknown extends T ? { readonly [name: string]: any } : Called<T>);

interface StubMembers {
  readonly id: DurableObjectId;
  /** As far as the stub was made by it. */
  readonly name?: string | undefined;
  fetch(input: string | URL | globalThis.Request, init?: ConstructorParameters<typeof globalThis.Request>[1]): Promise<Response>;
}

type Called<T> = {
  readonly [K in Exclude<keyof T, Hidden>]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : Promise<Awaited<T[K]>>;
};

/** What is no method for others. */
type Hidden = keyof StubMembers | 'alarm' | 'webSocketMessage' | 'webSocketClose' | 'webSocketError' | 'connect' | 'dup';

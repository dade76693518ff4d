/** A class of objects, and those of its objects that are in memory. */

import { Actor } from './actor';
import type { Host } from './host';
import { type DurableObjectId, Ids } from './id';

/** What a program exports. */
export type ObjectClass = new (ctx: any, env: any) => object;

export class Kind {
  readonly ids: Ids;
  private loaded: ObjectClass | undefined;
  readonly actors = new Map<string, Actor>();

  /** @param key of its namespace, 64 hexadecimal digits */
  constructor(
    readonly host: Host,
    readonly name: string,
    readonly key: string,
    readonly sql: boolean,
  ) {
    this.ids = new Ids(key);
  }

  /** Whether the Worker's module is there. */
  get isLoaded(): boolean {
    return this.loaded !== undefined;
  }

  get Class(): ObjectClass {
    return this.loaded!;
  }

  load(Class: ObjectClass): void {
    this.loaded = Class;
  }

  actor(id: DurableObjectId): Actor {
    const hex = id.toString();
    let actor = this.actors.get(hex);
    if (actor === undefined) this.actors.set(hex, (actor = new Actor(this, id)));
    return actor;
  }

  /** Nobody has to remember it. */
  release(actor: Actor): void {
    const hex = actor.id.toString();
    if (this.actors.get(hex) === actor) this.actors.delete(hex);
  }
}

/** A queue in a ring, which grows as it has to, and is given up once it is empty and was long. */
export class Fifo<T> {
  length = 0;
  // As many as a power of two, so that a mask takes the place around the end.
  private ring: (T | undefined)[] = [];
  private first = 0;

  push(item: T): void {
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.first + this.length++) & (this.ring.length - 1)] = item;
  }

  peek(): T | undefined {
    return this.length === 0 ? undefined : this.ring[this.first];
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const { ring, first } = this;
    const item = ring[first];
    ring[first] = undefined;
    this.first = (first + 1) & (ring.length - 1);
    if (--this.length === 0 && ring.length > KEPT) this.clear();
    return item;
  }

  clear(): void {
    this.ring = [];
    this.first = this.length = 0;
  }

  private grow(): void {
    const { ring, first } = this;
    this.ring = [...ring.slice(first), ...ring.slice(0, first)];
    this.first = 0;
    // An array that grows by itself knows no empty places, which would slow it down.
    for (let i = Math.max(ring.length, SHORTEST); i > 0; i--) this.ring.push(undefined);
  }
}

const SHORTEST = 4;
const KEPT = 1024;

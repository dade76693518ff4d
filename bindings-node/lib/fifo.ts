/** A queue in an array: taking from the front moves a mark, not the items. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private taken = 0;

  get length(): number {
    return this.items.length - this.taken;
  }

  push(item: T): void {
    this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.taken];
  }

  shift(): T | undefined {
    if (this.taken === this.items.length) return undefined;
    const item = this.items[this.taken];
    this.items[this.taken++] = undefined;
    if (this.taken === this.items.length) {
      this.items.length = this.taken = 0;
    } else if (this.taken > 1024 && this.taken * 2 > this.items.length) {
      this.items.splice(0, this.taken);
      this.taken = 0;
    }
    return item;
  }

  clear(): void {
    this.items = [];
    this.taken = 0;
  }
}

/** What holds an object up: `blockConcurrencyWhile`, and transactions that take several turns. */

/** What a block runs: code that belongs to it is admitted meanwhile. */
export class Section {
  isOpen = true;
}

export class Blocks {
  private open = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param freed called when the last block has ended, behind those that waited for it */
  constructor(private readonly freed: () => void) {}

  get any(): boolean {
    return this.open > 0;
  }

  /** Whether code may run that belongs to `section`, or to none. */
  admits(section: Section | undefined): boolean {
    return this.open === 0 || section?.isOpen === true;
  }

  /** Calls `then` as soon as such code may run: now, or once no block is left. */
  whenAdmitted(section: Section | undefined, then: () => void): void {
    if (this.admits(section)) then();
    else this.waiting.push(() => this.whenAdmitted(section, then));
  }

  /**
   * Admits nobody else until `body` is done. Blocks come one after the other; one that begins within another, in
   * `around`, need not wait for it.
   */
  async hold<T>(around: Section | undefined, body: (section: Section) => T | Promise<T>): Promise<T> {
    while (!this.admits(around)) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const section = new Section();
    this.open++;
    try {
      return await body(section);
    } finally {
      section.isOpen = false;
      this.open--;
      if (this.open === 0) this.free();
    }
  }

  private free(): void {
    for (const then of this.waiting.splice(0)) then();
    this.freed();
  }
}

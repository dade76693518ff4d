/** Spans of a trace that nobody records. */

export class Span {
  readonly isTraced = false;
  spanContext(): { traceId: string; spanId: string; traceFlags: number } {
    return { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };
  }
  setAttribute(_name: string, _value?: unknown): this {
    return this;
  }
  setAttributes(_attributes: object): this {
    return this;
  }
  recordException(_error: unknown): void {}
  updateName(_name: string): this {
    return this;
  }
  setStatus(_status: unknown): this {
    return this;
  }
  end(): void {}
}

class Tracing {
  readonly Span = Span;
  /** Runs `fn` with a span and `args`. */
  enterSpan<A extends unknown[], T>(_name: string, fn: (span: Span, ...args: A) => T, ...args: A): T {
    return fn(new Span(), ...args);
  }
  startActiveSpan<A extends unknown[], T>(name: string, fn: (span: Span, ...args: A) => T, ...args: A): T {
    return this.enterSpan(name, fn, ...args);
  }
  startSpan(_name: string): Span {
    return new Span();
  }
  getActiveSpan(): Span {
    return new Span();
  }
  withActiveSpan<T>(_span: Span, fn: () => T): T {
    return fn();
  }
}

export const tracing = new Tracing();

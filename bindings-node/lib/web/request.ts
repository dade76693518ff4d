/**
 * `Request`: the global one. Where that is a browser's, as in some test environments, one that keeps all its fields.
 */

/** The global class with a method for what its declaration has as a field. */
declare class GlobalRequest {
  constructor(input: unknown, init?: { headers?: HeadersInit });
  readonly headers: Headers;
  clone(): GlobalRequest;
}
type HeadersInit = ConstructorParameters<typeof globalThis.Headers>[0];

const Global = globalThis.Request as unknown as typeof GlobalRequest | undefined;

/** One to be put in the global one's place, if it has to be. */
export const replacement =
  Global !== undefined && dropsFields(Global) ? (keepingFields(Global) as unknown as typeof globalThis.Request) : undefined;

export const Request = replacement ?? globalThis.Request;

/** Whether no request can ask for a WebSocket, which is not for a page to do. */
function dropsFields(Base: typeof GlobalRequest): boolean {
  return !new Base('http://localhost/', { headers: { upgrade: 'websocket' } }).headers.has('upgrade');
}

function keepingFields(Base: typeof GlobalRequest): typeof GlobalRequest {
  return class Request extends Base {
    constructor(input: unknown, init?: { headers?: HeadersInit }) {
      super(input, init);
      complete(this.headers, init?.headers ?? (input as Partial<GlobalRequest>).headers);
    }

    override clone(): Request {
      const clone: Request = Object.setPrototypeOf(super.clone(), Request.prototype);
      complete(clone.headers, this.headers);
      return clone;
    }
  };
}

function complete(headers: Headers, given: HeadersInit): void {
  for (const [name, value] of new Headers(given)) if (!headers.has(name)) headers.append(name, value);
}

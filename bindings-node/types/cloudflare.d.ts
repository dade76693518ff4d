/**
 * The modules that Workers import, for who does not have `@cloudflare/workers-types`:
 *
 *     /// <reference types="wspair/cloudflare" />
 */

declare module 'cloudflare:workers' {
  import type { DurableObjectState, ExecutionContext, WebSocket } from 'wspair';

  export * from 'wspair/cloudflare/workers';

  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: DurableObjectState;
    protected readonly env: Env;
    constructor(ctx: DurableObjectState, env: Env);
    fetch?(request: Request): Response | Promise<Response>;
    alarm?(info: { scheduledTime: number; retryCount: number; isRetry: boolean }): void | Promise<void>;
    webSocketMessage?(socket: WebSocket, message: string | ArrayBuffer): void | Promise<void>;
    webSocketClose?(socket: WebSocket, code: number, reason: string, wasClean: boolean): void | Promise<void>;
    webSocketError?(socket: WebSocket, error: unknown): void | Promise<void>;
  }

  export abstract class WorkerEntrypoint<Env = unknown> {
    protected readonly ctx: ExecutionContext;
    protected readonly env: Env;
    constructor(ctx: ExecutionContext, env: Env);
  }
}

declare module 'cloudflare:workflows' {
  export * from 'wspair/cloudflare/workflows';
}

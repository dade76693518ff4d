// A Worker in TypeScript with a Durable Object, under the types of the runtime and under those of this package.
import 'wspair/register';
import { DurableObject } from 'cloudflare:workers';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>() => {};

interface Env {
  ROOM: DurableObjectNamespace<Room>;
  NAME: string;
}

export class Room extends DurableObject<Env> {
  async add(count: number): Promise<number> {
    const before = (await this.ctx.storage.get<number>('count')) ?? 0;
    is<Equal<typeof before, number>>();
    await this.ctx.storage.put('count', before + count);
    return before + count;
  }
  called(): string {
    return this.ctx.id.name ?? this.env.NAME;
  }
  override async fetch(): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, ['a']);
    for (const socket of this.ctx.getWebSockets('a')) socket.send(this.ctx.getTags(socket).join());
    return new Response(null, { status: 101, webSocket: client });
  }
  override async alarm(): Promise<void> {}
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const id = env.ROOM.idFromName('a');
    const stub = env.ROOM.get(id);
    const count = await stub.add(1);
    is<Equal<typeof count, number>>();
    const name = await env.ROOM.getByName('a').called();
    is<Equal<typeof name, string>>();
    // @ts-expect-error a number is added
    await stub.add('1');
    if (count > 10) return new Response(`${name} ${id.toString()}`);
    const response = await stub.fetch(request.url);
    is<Equal<boolean, typeof response.ok>>();
    return new Response(await response.text());
  },
};

// What the conformance runner imports: the package, as a program gets it, and a server for it. With OVER_HTTP2=1 the
// connections that scenarios open by `connect` are streams of one session.
import http2 from 'node:http2';
import * as wspair from 'wspair';
import { certificate } from '../test/helpers.mjs';

const routes = new Map();
const worker = { fetch: (request) => routes.get(new URL(request.url).pathname.split('/')[1])(request) };

/** The class of each object, by its name. */
const objectClasses = new Map();

/** Is whatever object the scenario has asked for. */
class Host {
  constructor(state, env) {
    this.inner = new (objectClasses.get(state.id.name))(state, env);
  }
  fetch(request) {
    return this.inner.fetch(request);
  }
  webSocketMessage(...event) {
    return this.inner.webSocketMessage?.(...event);
  }
  webSocketClose(...event) {
    return this.inner.webSocketClose?.(...event);
  }
  webSocketError(...event) {
    return this.inner.webSocketError?.(...event);
  }
}

const tls = process.env.OVER_HTTP2 && certificate();
const serving = await wspair.serve({ default: worker, Host }, { port: 0, durableObjects: { HOST: 'Host' }, ...(tls && { tls }) });
serving.server.unref();
const secure = tls ? 's' : '';
const session = tls && http2.connect(serving.url, { rejectUnauthorized: false, maxSessionMemory: 256 });
session?.unref();
const objects = serving.durable.namespace('HOST');

function exportsOf(classes) {
  const route = (handler) => {
    const key = String(routes.size + 1);
    routes.set(key, handler);
    return `127.0.0.1:${serving.port}/${key}`;
  };
  return {
    ...classes,
    connect(handler, { path = '/', headers = {}, upgrade = true, method = 'GET' } = {}) {
      const asked = upgrade ? { ...headers, Upgrade: 'websocket' } : headers;
      return classes.fetch(`http${secure}://${route(handler)}${path}`, { headers: asked, method, ...(session && { http2: session }) });
    },
    listen: (handler) => `ws${secure}://${route(handler)}/`,
    durable(Class) {
      const name = `object ${objectClasses.size}`;
      objectClasses.set(name, Class);
      return {
        fetch: (path = '/', init = {}) =>
          objects.getByName(name).fetch(`http://durable.test${path}`, { ...init, headers: { Upgrade: 'websocket', ...init.headers } }),
      };
    },
    WebSocketRequestResponsePair: wspair.WebSocketRequestResponsePair,
    stop: () => serving.close({ deadline: 100 }),
  };
}

const newest = exportsOf(wspair.forCompatibilityDate('2026-11-17'));
export const { WebSocketPair, WebSocket, EventTarget, Event, MessageEvent, CloseEvent, ErrorEvent, Response, connect, listen, durable, WebSocketRequestResponsePair, stop } = newest;
export const forCompatibilityDate = (date) => exportsOf(wspair.forCompatibilityDate(date));

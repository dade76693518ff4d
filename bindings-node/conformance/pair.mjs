// What the conformance runner imports: the package, as a program gets it, and a server for it.
import * as wspair from 'wspair';

const routes = new Map();
const serving = await wspair.serve({ fetch: (request) => routes.get(new URL(request.url).pathname.split('/')[1])(request) }, { port: 0 });
serving.server.unref();

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
      return classes.fetch(`http://${route(handler)}${path}`, { headers: asked, method });
    },
    listen: (handler) => `ws://${route(handler)}/`,
    stop: () => serving.close({ deadline: 100 }),
  };
}

const newest = exportsOf(wspair.forCompatibilityDate('2026-11-17'));
export const { WebSocketPair, WebSocket, EventTarget, Event, MessageEvent, CloseEvent, ErrorEvent, Response, connect, listen, stop } = newest;
export const forCompatibilityDate = (date) => exportsOf(wspair.forCompatibilityDate(date));

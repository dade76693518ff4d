// What the applications under test do with a connection, by the path that was asked for.
//
// They know a socket of the web's shape. What differs between hosts is in `host`: `accept(socket)`,
// `waitWritable(socket)`, `isOpen(socket)`.
import { mayGo, parse, sleep, tell, textOf, turn } from './speak.mjs';

/** Runs the application of a path. */
export function run(socket, target, host) {
  const { path, name, query } = parse(target);
  tell('open', path);
  const outcome = (applications[name] ?? applications.echo)(socket, path, query, host);
  Promise.resolve(outcome).catch((error) => tell('raised', path, textOf(error)));
}

/** Has the end told, once; `seen` adds to it. */
function tellEnd(socket, path, seen = () => ({})) {
  let failed;
  socket.addEventListener('error', (event) => {
    failed = textOf(event.error ?? event);
    // As in the runtime an end that fails has no close event.
    if (event.error?.closes !== false) tell('end', path, { ...seen(), code: failed.rule ?? 1006, clean: false, ...failed });
  });
  socket.addEventListener('close', ({ code, reason, wasClean }) => {
    tell('end', path, { ...seen(), code, reason: String(reason), clean: wasClean, ...failed });
  });
}

const applications = {
  echo(socket, path, query, host) {
    let messages = 0;
    tellEnd(socket, path, () => ({ messages }));
    socket.addEventListener('message', ({ data }) => {
      tell('message', path, { size: data.length ?? data.byteLength, number: ++messages });
      socket.send(data);
    });
    host.accept(socket);
  },

  companion(socket, path, query, host) {
    socket.addEventListener('message', ({ data }) => socket.send(data));
    host.accept(socket);
  },

  /** Sends, and never reads. */
  sender(socket, path, { every = 10 }, host) {
    host.accept(socket);
    const timer = setInterval(() => {
      try {
        socket.send('tick');
        if (!host.isOpen(socket)) throw new Error(`readyState ${socket.readyState}`);
      } catch (error) {
        clearInterval(timer);
        tell('send-failed', path, textOf(error));
        tell('done', path);
      }
    }, every);
  },

  /** Sends with nothing between, but the loop's other work. */
  async tight(socket, path, { size = 50_000 }, host) {
    host.accept(socket);
    const data = new Uint8Array(size);
    try {
      for (;;) {
        socket.send(data);
        if (!host.isOpen(socket)) throw new Error(`readyState ${socket.readyState}`);
        await host.waitWritable(socket);
      }
    } catch (error) {
      tell('send-failed', path, textOf(error));
    }
    tell('done', path);
  },

  /** Neither reads nor sends. */
  async idle(socket, path, query, host) {
    host.accept(socket);
    tellEnd(socket, path);
    await mayGo;
  },

  /** Reads when it is told to. */
  async late(socket, path, query, host) {
    await mayGo;
    let messages = 0, size = 0, inOrder = true;
    tellEnd(socket, path, () => ({ messages, size, in_order: inOrder }));
    socket.addEventListener('message', ({ data }) => {
      if (new DataView(data.buffer ?? data, data.byteOffset ?? 0).getUint32(0) !== messages) inOrder = false;
      messages++;
      size += data.byteLength;
    });
    host.accept(socket);
  },

  close(socket, path, { code = 4000, reason = 'bye' }, host) {
    host.accept(socket);
    tellEnd(socket, path);
    socket.close(code, reason);
    tell('closed', path);
  },

  /** It has a listener for messages, and closes. */
  'close-reading'(socket, path, query, host) {
    applications.echo(socket, path, query, host);
    setTimeout(() => {
      socket.close(4000, 'bye');
      tell('closed', path);
    }, 50);
  },

  async 'close-twice'(socket, path, query, host) {
    host.accept(socket);
    tellEnd(socket, path);
    try {
      socket.close(4000, 'bye');
      socket.close(4001, 'again');
    } catch (error) {
      tell('close-failed', path, textOf(error));
    }
    tell('closed', path);
  },

  /** Sends much. */
  async bulk(socket, path, { mib = 64, size = 65_536 }, host) {
    host.accept(socket);
    tellEnd(socket, path);
    const count = (mib * (1 << 20)) / size;
    for (let number = 0; number < count; number++) {
      const data = new Uint8Array(size);
      new DataView(data.buffer).setUint32(0, number);
      socket.send(data);
      await host.waitWritable(socket);
    }
    tell('sent', path, { messages: count });
  },

  big(socket, path, { size = 8 << 20 }, host) {
    host.accept(socket);
    tellEnd(socket, path);
    socket.send(new Uint8Array(size));
    tell('sent', path);
  },

  /** Sends from many tasks at once, of mixed sizes. */
  async many(socket, path, { tasks = 8, messages = 100 }, host) {
    host.accept(socket);
    tellEnd(socket, path);
    const send = async (name) => {
      for (let number = 0; number < messages; number++) {
        const size = [17, 300, 5_000, 70_000][(number + name) % 4];
        socket.send(`${name}:${number}:`.padEnd(size, 'abcdefgh'[name % 8]));
        await host.waitWritable(socket);
      }
    };
    await Promise.all(Array.from({ length: tasks }, (_, name) => send(name)));
    tell('sent', path);
  },

  /** Sends views of many kinds, and changes what they show in the next statement. */
  buffers(socket, path, query, host) {
    host.accept(socket);
    tellEnd(socket, path);
    for (const [name, make] of Object.entries(buffers)) {
      const { view, change } = make();
      const bytes = ArrayBuffer.isView(view) ? [view.buffer, view.byteOffset, view.byteLength] : [view];
      // What is detached has no length.
      const due = view.byteLength === 0 ? '' : Buffer.from(Buffer.from(...bytes)).toString('hex');
      try {
        socket.send(view);
        change();
        socket.send(`${name} ${due}`);
      } catch (error) {
        tell('refused', path, { name, ...textOf(error) });
        socket.send(`${name} refused`);
      }
    }
    socket.send('over');
  },

  throw(socket, path, query, host) {
    tellEnd(socket, path);
    socket.addEventListener('message', () => {
      tell('throws', path);
      throw new Error('on purpose');
    });
    host.accept(socket);
  },

  /** In a timer, and in a promise that nobody awaits. */
  'throw-task'(socket, path, query, host) {
    setTimeout(() => {
      throw new Error('in a timer');
    });
    void Promise.reject(new Error('in a promise'));
    applications.echo(socket, path, query, host);
  },

  /** Computes, and lets nobody else. */
  busy(socket, path, { ms = 2000 }, host) {
    tellEnd(socket, path);
    let messages = 0;
    socket.addEventListener('message', ({ data }) => {
      if (messages++ > 0) return socket.send(data);
      for (const end = Date.now() + ms; Date.now() < end; );
      tell('computed', path);
      socket.send('computed');
    });
    host.accept(socket);
  },

  /** Sends and closes after the end. */
  'after-end'(socket, path, query, host) {
    tellEnd(socket, path);
    socket.addEventListener('close', async () => {
      await sleep(50);
      try {
        socket.send('too late');
        tell('sent-after-end', path);
      } catch (error) {
        tell('send-failed', path, textOf(error));
      }
      try {
        socket.close(1000, '');
        socket.close(4000, 'again');
        tell('end-again', path, { again: null, state: socket.readyState });
      } catch (error) {
        tell('close-failed', path, textOf(error));
      }
    });
    host.accept(socket);
  },

  /** Forgets the end that it was to accept: one that is accepted lives as long as its wire. */
  drop(socket, path) {
    tell('dropped', path);
  },

  /** Sends everything to everybody, once it is told to. */
  async broadcast(socket, path, { messages = 1000, size = 1024 }, host) {
    const first = broadcasting.size === 0;
    broadcasting.add(socket);
    tellEnd(socket, path);
    socket.addEventListener('close', () => broadcasting.delete(socket));
    socket.addEventListener('error', () => broadcasting.delete(socket));
    host.accept(socket);
    if (!first) return;
    await mayGo;
    const data = new Uint8Array(size);
    for (let number = 0; number < messages; number++) {
      for (const one of broadcasting) {
        try {
          one.send(data);
        } catch {
          broadcasting.delete(one);
          one.close(1013, 'too slow');
        }
      }
      await turn();
    }
    tell('sent', path);
  },
};

const broadcasting = new Set();

function changing(length) {
  const view = Uint8Array.from({ length }, (_, at) => at);
  return { view, change: () => view.fill(255) };
}

const buffers = {
  'Uint8Array': () => changing(100),
  'long Uint8Array': () => changing(200_000),
  'offset view': () => {
    const { view, change } = changing(200);
    return { view: view.subarray(50, 150), change };
  },
  'Float64Array': () => {
    const view = Float64Array.from({ length: 100 }, (_, at) => at);
    return { view, change: () => view.fill(7) };
  },
  'DataView': () => {
    const { view, change } = changing(200);
    return { view: new DataView(view.buffer, 7, 100), change };
  },
  'ArrayBuffer': () => {
    const { view, change } = changing(40_000);
    return { view: view.buffer, change };
  },
  'shared memory': () => {
    const view = new Uint8Array(new SharedArrayBuffer(30_000)).fill(7);
    return { view, change: () => view.fill(255) };
  },
  'detached': () => {
    const view = new Uint8Array(100);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return { view, change() {} };
  },
};

// The page. A module, because a Worker has no files.
export default `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wspair chat</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: light-dark(#1c2430, #e8ecf2); --soft: light-dark(#667085, #98a2b3);
    --line: light-dark(#e4e7ec, #2b3442); --card: light-dark(#fff, #171d26); --own: light-dark(#2f6fed, #3b78f0); }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
    background: light-dark(#f4f6fa, #0e1319); display: grid; place-items: start center; padding: 32px 16px; }
  main { width: min(960px, 100%); display: grid; grid-template-columns: 1fr 300px; gap: 20px; }
  header { grid-column: 1 / -1; }
  h1 { margin: 0; font-size: 26px; letter-spacing: -.02em; }
  header p { margin: 2px 0 0; color: var(--soft); }
  section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 18px;
    display: flex; flex-direction: column; height: 480px; }
  h2 { margin: 0 0 12px; font-size: 15px; display: flex; align-items: center; gap: 8px; }
  h2 small { margin-left: auto; font-weight: 400; color: var(--soft); }
  .dot { width: 9px; height: 9px; border-radius: 50%; background: #d92d20; }
  .open .dot { background: #17b26a; }
  ol { list-style: none; margin: 0 0 12px; padding: 0; flex: 1; overflow-y: auto; display: flex;
    flex-direction: column; gap: 8px; scrollbar-width: thin; }
  li { max-width: 80%; align-self: flex-start; overflow-wrap: anywhere; }
  li b { display: block; font-size: 12px; color: var(--soft); font-weight: 600; }
  li span { display: inline-block; padding: 7px 12px; border-radius: 4px 12px 12px 12px; background: light-dark(#eef1f6, #232c38); }
  li.own { align-self: flex-end; text-align: right; }
  li.own span { background: var(--own); color: #fff; border-radius: 12px 4px 12px 12px; text-align: left; }
  li.news { align-self: center; color: var(--soft); font-size: 13px; }
  form { display: flex; gap: 8px; }
  input { flex: 1; min-width: 0; padding: 9px 12px; border: 1px solid var(--line); border-radius: 9px; background: none;
    color: inherit; font: inherit; }
  input:focus { outline: 2px solid var(--own); outline-offset: -1px; }
  button { padding: 9px 16px; border: 0; border-radius: 9px; background: var(--own); color: #fff; font: inherit;
    font-weight: 600; cursor: pointer; }
  code { font: 13px ui-monospace, monospace; }
  #echo li { max-width: 100%; width: 100%; display: flex; justify-content: space-between; gap: 8px; }
  #echo li code:last-child { color: var(--soft); white-space: nowrap; }
  @media (max-width: 720px) { main { grid-template-columns: 1fr; } }
</style>
<main>
  <header>
    <h1>wspair chat</h1>
    <p>A Worker's WebSocket code, on plain Node. Open this page twice and talk to yourself; <code>?room=NAME</code> is another room.</p>
  </header>
  <section id="chat">
    <h2><i class="dot"></i> <span></span> <small></small></h2>
    <ol aria-live="polite"></ol>
    <form><input placeholder="Say something" autocomplete="off" aria-label="Message"><button>Send</button></form>
  </section>
  <section id="echo">
    <h2><i class="dot"></i> Echo <small>round trip</small></h2>
    <ol></ol>
    <form><input value="hello" autocomplete="off" aria-label="Echo"><button>Echo</button></form>
  </section>
</main>
<script type="module">
  const base = location.origin.replace('http', 'ws');
  const room = new URLSearchParams(location.search).get('room') ?? 'lobby';
  document.querySelector('#chat h2 span').textContent = room;
  const name = new URLSearchParams(location.search).get('name') ?? 'guest ' + Math.floor(Math.random() * 900 + 100);

  function panel(id, url, onmessage) {
    const section = document.getElementById(id);
    const list = section.querySelector('ol');
    const add = (kind, ...parts) => {
      const item = document.createElement('li');
      item.className = kind;
      for (const [tag, text] of parts) item.append(Object.assign(document.createElement(tag), { textContent: text }));
      list.append(item);
      item.scrollIntoView({ block: 'nearest' });
    };
    const socket = new WebSocket(base + url);
    socket.onopen = () => section.classList.add('open');
    socket.onmessage = ({ data }) => onmessage(data, add, section);
    socket.onclose = ({ code, reason }) => {
      section.classList.remove('open');
      add('news', ['span', 'closed: ' + code + ' ' + reason]);
    };
    section.querySelector('form').onsubmit = (event) => {
      event.preventDefault();
      const input = section.querySelector('input');
      if (socket.readyState !== 1 || input.value === '') return;
      socket.dispatchEvent(new Event('sent'));
      socket.send(input.value);
      if (id === 'chat') input.value = '';
    };
    return socket;
  }

  panel('chat', '/chat?' + new URLSearchParams({ room, name }), (data, add, section) => {
    const { kind, name: who, text, people } = JSON.parse(data);
    section.querySelector('small').textContent = people.join(', ');
    if (kind === 'said') add(who === name ? 'own' : '', ['b', who], ['span', text]);
    else add('news', ['span', who + ' ' + kind]);
  });

  const sent = [];
  const echo = panel('echo', '/echo', (data, add) => {
    add('', ['code', data], ['code', (performance.now() - sent.shift()).toFixed(1) + ' ms']);
  });
  echo.addEventListener('sent', () => sent.push(performance.now()));
</script>
</html>
`;

// The page. A module, because a Worker has no files.
export default `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wspair todo</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: light-dark(#1c2430, #e8ecf2); --soft: light-dark(#667085, #98a2b3);
    --line: light-dark(#e4e7ec, #2b3442); --card: light-dark(#fff, #171d26); --own: light-dark(#2f6fed, #3b78f0); }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
    background: light-dark(#f4f6fa, #0e1319); display: grid; place-items: start center; padding: 32px 16px; }
  main { width: min(520px, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 22px; }
  h1 { margin: 0; font-size: 24px; letter-spacing: -.02em; display: flex; align-items: center; gap: 10px; }
  h1 i { width: 9px; height: 9px; border-radius: 50%; background: #d92d20; }
  .open h1 i { background: #17b26a; }
  h1 small { margin-left: auto; font-size: 14px; font-weight: 400; letter-spacing: 0; color: var(--soft); }
  p { margin: 4px 0 16px; color: var(--soft); }
  form { display: flex; gap: 8px; margin-bottom: 14px; }
  input[type=text] { flex: 1; min-width: 0; padding: 9px 12px; border: 1px solid var(--line); border-radius: 9px; background: none;
    color: inherit; font: inherit; }
  input:focus { outline: 2px solid var(--own); outline-offset: -1px; }
  button { padding: 9px 16px; border: 0; border-radius: 9px; background: var(--own); color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
  ul { list-style: none; margin: 0; padding: 0; }
  li { display: flex; align-items: center; gap: 10px; padding: 9px 2px; border-top: 1px solid var(--line); }
  li span { flex: 1; overflow-wrap: anywhere; }
  li.done span { color: var(--soft); text-decoration: line-through; }
  li button { background: none; color: var(--soft); padding: 0 6px; font-size: 18px; }
  input[type=checkbox] { width: 17px; height: 17px; accent-color: var(--own); }
</style>
<main>
  <h1><i></i> To do <small></small></h1>
  <p>Open this page twice: both write the same list, and it is there after a restart.</p>
  <form><input type="text" placeholder="What is to be done?" autocomplete="off" aria-label="What is to be done"><button>Add</button></form>
  <ul></ul>
</main>
<script type="module">
  const main = document.querySelector('main');
  const list = document.querySelector('ul');
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  let socket;
  const send = (change) => socket.readyState === 1 && socket.send(JSON.stringify(change));

  function connect() {
    socket = new WebSocket(location.href.replace('http', 'ws'));
    socket.onopen = () => main.classList.add('open');
    socket.onmessage = ({ data }) => show(JSON.parse(data).items);
    socket.onclose = () => {
      main.classList.remove('open');
      setTimeout(connect, 500);
    };
  }

  function show(items) {
    document.querySelector('small').textContent = items.filter(({ done }) => !done).length + ' left';
    list.replaceChildren(
      ...items.map(({ id, text, done }) =>
        make('li', { className: done ? 'done' : '' },
          make('input', { type: 'checkbox', checked: done, ariaLabel: text, onchange: () => send({ id, done: !done }) }),
          make('span', { textContent: text }),
          make('button', { textContent: '×', title: 'Remove', onclick: () => send({ id }) }))),
    );
  }

  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    const input = document.querySelector('input');
    send({ text: input.value });
    input.value = '';
  };
  connect();
</script>
</html>
`;

#!/usr/bin/env python3
"""Adds the C header's reference and an index page to a folder of documentation, and checks that
every relative link in the pages of its own leads somewhere."""

import html
import re
import sys
from pathlib import Path
from urllib.parse import unquote

root = Path(__file__).resolve().parent.parent
out = Path(sys.argv[1])

STYLE = "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
STYLE += "pre{background:#f6f6f6;padding:1em;white-space:pre-wrap}td{padding:.2em 1em}</style>"


def page(title, body):
    return f"<!doctype html><meta charset=utf-8><title>{title}</title>{STYLE}{body}"


def reference(header):
    """Each comment of the header with the declaration below it, and a list of all names."""
    found = []
    pattern = r"/\*\*\n(.*?)\*/\n(.*?)(?=\n\n|\n */\*\*)"
    for comment, code in re.findall(pattern, header, flags=re.S):
        text = re.sub(r"^ *\* ?", "", comment, flags=re.M).strip()
        declared = re.search(
            r"\b(wspair_\w+)\s*\(|^\} (wspair_\w+);|^(?:enum|typedef struct) (wspair_\w+)|(WSPAIR_\w+)",
            code.replace("WSPAIR_MUST_USE", ""),
            flags=re.M,
        )
        found.append((next(filter(None, declared.groups())) if declared else None, text, code.strip()))
    names = [name for name, _, _ in found if name]
    intro = re.sub(r"^ \*/? ?", "", header[2 : header.index("*/")], flags=re.M)
    parts = [f"<h1>wspair.h</h1><pre>{linked(intro.strip(), names)}</pre>"]
    parts.append(f"<p>{linked(' '.join(name for name in names if name.startswith('wspair_')), names)}</p>")
    for name, text, code in found:
        anchor = f' id="{name}"' if name else ""
        paragraphs = "".join(f"<p>{linked(part, names)}</p>" for part in text.split("\n\n"))
        parts.append(f"<section{anchor}>{paragraphs}<pre>{html.escape(code)}</pre></section>")
    return "\n".join(parts), names


def linked(text, names):
    """The text as HTML, in which each of the names leads to where it is declared."""

    def link(found):
        name = found[0].strip("`")
        return f'<a href="#{name}">{name}</a>' if name in names else found[0]

    return re.sub(r"`?\b(?:wspair|WSPAIR)_\w+\b`?", link, html.escape(text))


body, names = reference((root / "bindings-c/include/wspair.h").read_text())
declared = re.findall(r"^(?:const )?\w[\w ]*?[ *]+(wspair_\w+)\(", (root / "bindings-c/include/wspair.h").read_text(), flags=re.M)
missing = set(declared) - set(names)
if missing:
    sys.exit(f"docs: functions without a reference: {sorted(missing)}")
(out / "c").mkdir(exist_ok=True)
(out / "c/index.html").write_text(page("wspair.h", body))

packages = [
    ("Rust: wspair", "rust/wspair/index.html", "the engine: no I/O, no_std"),
    ("Rust: wspair-tokio", "rust/wspair_tokio/index.html", "accept, connect, Stream and Sink over any tokio stream"),
    ("Python", "python/index.html", "asyncio, uvicorn, threads, or any loop"),
    ("Node", "node/index.html", "WebSocketPair, Durable Objects, serve, fetch, Connection for any stream"),
    ("C", "c/index.html", "one header: handshakes, connections, pairs"),
]
crates = '<ul><li><a href="wspair/index.html">wspair</a><li><a href="wspair_tokio/index.html">wspair-tokio</a></ul>'
(out / "rust/index.html").write_text(page("wspair", crates))
rows = [f'<tr><td><a href="{path}">{name}</a><td>{what}' for name, path, what in packages if (out / path).exists()]
index = f"<h1>wspair</h1><p>WebSockets in four languages, from one engine. The reference of each package:<table>{''.join(rows)}</table>"
(out / "index.html").write_text(page("wspair", index))

broken = []
for file in out.rglob("*.html"):
    for link in set(re.findall(r'<a [^>]*href="([^"]+)"', file.read_text(errors="replace"))):
        path = unquote(link.split("#")[0].split("?")[0])
        # ${…} is put in by a page's own script.
        if not path or re.match(r"[a-z]+:|\$", path):
            continue
        # rustdoc quotes other crates, whose own links it leaves as they are written there.
        if file.is_relative_to(out / "rust") and not path.endswith(".html"):
            continue
        if not (file.parent / path).exists():
            broken.append(f"{file.relative_to(out)} -> {link}")
for line in broken[:20]:
    print(f"docs: broken link: {line}", file=sys.stderr)
print(f"docs: {len(rows)} references in {out}, {len(broken)} broken links")
sys.exit(bool(broken))

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
STYLE += "pre{background:#f6f6f6;padding:1em;overflow:auto}td{padding:.2em 1em}</style>"


def page(title, body):
    return f"<!doctype html><meta charset=utf-8><title>{title}</title>{STYLE}{body}"


def reference(header):
    """Each comment of the header with the declaration below it, and a list of all names."""
    parts, names = [], []
    pattern = r"/\*\*\n(.*?)\*/\n(.*?)(?=\n\n|\n */\*\*)"
    for comment, code in re.findall(pattern, header, flags=re.S):
        text = re.sub(r"^ *\* ?", "", comment, flags=re.M).strip()
        found = re.search(r"\b(wspair_\w+)\s*\(|^\} (wspair_\w+);|^(?:enum|typedef struct) (wspair_\w+)|(WSPAIR_\w+)", code.replace("WSPAIR_MUST_USE", ""), flags=re.M)
        name = next((group for group in found.groups() if group), None) if found else None
        if name:
            names.append(name)
        anchor = f' id="{name}"' if name else ""
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
        parts.append(f"<section{anchor}>{paragraphs}<pre>{html.escape(code.strip())}</pre></section>")
    links = " ".join(f'<a href="#{name}">{name}</a>' for name in names if name.startswith("wspair_"))
    return f"<h1>wspair.h</h1><p>{links}</p>" + "\n".join(parts), names


body, names = reference((root / "bindings-c/include/wspair.h").read_text())
declared = re.findall(r"^(?:const )?\w[\w ]*?[ *]+(wspair_\w+)\(", (root / "bindings-c/include/wspair.h").read_text(), flags=re.M)
missing = set(declared) - set(names)
if missing:
    sys.exit(f"docs: functions without a reference: {sorted(missing)}")
(out / "c").mkdir(exist_ok=True)
(out / "c/index.html").write_text(page("wspair.h", body))

doors = [
    ("Rust: the engine", "rust/wspair/index.html"),
    ("Rust: tokio", "rust/wspair_tokio/index.html"),
    ("Python", "python/index.html"),
    ("Node", "node/index.html"),
    ("C", "c/index.html"),
]
crates = '<ul><li><a href="wspair/index.html">wspair</a><li><a href="wspair_tokio/index.html">wspair-tokio</a></ul>'
(out / "rust/index.html").write_text(page("wspair", crates))
rows = [f'<li><a href="{path}">{name}</a>' for name, path in doors if (out / path).exists()]
(out / "index.html").write_text(page("wspair", f"<h1>wspair</h1><ul>{''.join(rows)}</ul>"))

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

#!/usr/bin/env python3
"""Builds the commit that is checked out twice, in two folders, and says what differs between the two.

    packaging/repeat.py [FIRST] [options of dist.py]

FIRST is a folder that make dist filled from this commit, elsewhere: then it is built once.
Ends with 1 if a file of one is not, byte for byte, that of the other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build import ROOT
from checks import members


def main(arguments: list[str]) -> int:
    given = [Path(arguments.pop(0)).resolve()] if arguments and not arguments[0].startswith("-") else []
    with tempfile.TemporaryDirectory() as folder:
        # Neither as long nor as deep as the other.
        clones = [Path(folder) / "a", Path(folder) / "another" / "place" / "for-it"]
        dists = given + [built(clone, arguments) for clone in clones[len(given) :]]
        first, second = (contents(dist) for dist in dists)
        names = sorted(first.keys() & second.keys() if given else first.keys() | second.keys())
        different = [name for name in names if first.get(name) != second.get(name)]
        for name in names:
            print(f"{'DIFFERENT' if name in different else 'the same'}  {name}")
        for name in different:
            explain(name, *(dist / name for dist in dists))
    print(f"repeat: {len(names) - len(different)} of {len(names)} files are the same, byte for byte")
    return int(bool(different) or not names)


def built(clone: Path, options: list[str]) -> Path:
    """What make dist makes of a fresh clone, with the tools of this one but no file of its builds."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    modules = ROOT / "bindings-node" / "node_modules"
    if modules.is_dir():
        shutil.copytree(modules, clone / "bindings-node" / "node_modules", symlinks=True)
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    dist = clone.parent / f"{clone.name}-dist"
    subprocess.run([sys.executable, "packaging/dist.py", *options, "--out", str(dist)], cwd=clone, env=environment, check=True)
    shutil.rmtree(clone)
    return dist


def contents(dist: Path) -> dict[str, str]:
    """Checksums by name."""
    return {path.name: digest(path.read_bytes()) for path in dist.iterdir() if path.name not in ("LIST", "SHA256SUMS")}


def explain(name: str, first: Path, second: Path) -> None:
    """Says which of the files in an archive differ, and how much of them."""
    if not (first.is_file() and second.is_file()):
        return print(f"repeat: {name} was built in one folder only")
    one, other = members(first), members(second)
    parts = [part for part in sorted(one.keys() | other.keys()) if one.get(part) != other.get(part)]
    for part in parts:
        a, b = one.get(part, b""), other.get(part, b"")
        count = sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))
        print(f"repeat: {name}: {part}: {count} of {len(a)} bytes")
    if not parts:
        print(f"repeat: {name}: the same files, packed differently")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

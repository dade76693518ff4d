#!/usr/bin/env python3
"""Compiles CPythons that no registry has ready, from Debian's source, for make dist-test: without a GIL, and for musl.

Each takes some five minutes, once: they are kept in .tools/elsewhere. They are made to try wheels with,
not for anything else: most modules that need a library are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import places

SOURCE = "python3.13"
KINDS = {"free": ["--disable-gil"], "musl": []}
# musl-gcc calls itself what the gcc under it is made for, and configure believes that.
MUSL = """#!/bin/sh
[ "$1" = --print-multiarch ] || exec musl-gcc "$@"
"""
MISSING = "--without-ensurepip --disable-test-modules --without-doc-strings OPT=-O1".split()


def main(kinds: list[str]) -> int:
    try:
        for kind in kinds or KINDS:
            if kind == "musl":
                places.need("musl-gcc", "musl-tools")
            source = places.once("cpython-source", fetch)
            places.once(f"cpython-{kind}", lambda root: compiled(source, root, KINDS[kind]))
            print(f"dist-pythons: {', '.join(places.compiled(kind))}, {kind}")
    except places.Unavailable as reason:
        print(f"dist-pythons: {reason}", file=sys.stderr)
        return 1
    return 0


def fetch(root: Path) -> None:
    apt = places.Apt(places.NEWER, "amd64")
    apt.get("source", "--download-only", "--tar-only", SOURCE)
    for archive in apt.archives.glob(f"{SOURCE}_*.orig.tar.xz"):
        places.succeed(["tar", "-xJf", str(archive), "-C", str(root), "--strip-components=1"])
        archive.unlink()


def compiled(source: Path, root: Path, options: list[str]) -> None:
    build = root / "build"
    build.mkdir()
    if root.name.endswith("-musl"):
        compiler = root / "musl-cc"
        compiler.write_text(MUSL)
        compiler.chmod(0o755)
        options = [*options, f"CC={compiler}"]
    print(f"dist-pythons: compiling {root.name}", flush=True)
    places.succeed([str(source / "configure"), f"--prefix={root}", *MISSING, *options], cwd=build)
    places.succeed(["make", f"-j{os.cpu_count()}"], cwd=build)
    places.succeed(["make", "install"], cwd=build)
    subprocess.run(["rm", "-rf", str(build)], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

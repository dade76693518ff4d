#!/usr/bin/env python3
"""Compiles a CPython for musl, which no registry has ready, from Debian's source, for make dist-test.

It takes some five minutes, once, and is kept in .tools/elsewhere. It is made to try wheels with, not for
anything else: most modules that need a library are left out.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import places

SOURCE = "python3.13"
MISSING = "--without-ensurepip --disable-test-modules --without-doc-strings OPT=-O1".split()
# musl-gcc calls itself what the gcc under it is made for, and configure believes that.
COMPILER = """#!/bin/sh
[ "$1" = --print-multiarch ] || exec musl-gcc "$@"
"""


def main() -> int:
    try:
        places.need("musl-gcc", "musl-tools")
        places.once("cpython-musl", compiled)
    except places.Unavailable as reason:
        print(f"dist-python: {reason}", file=sys.stderr)
        return 1
    print(f"dist-python: {', '.join(places.compiled([]))}")
    return 0


def compiled(root: Path) -> None:
    apt = places.Apt(places.NEWER, "amd64")
    apt.get("source", "--download-only", "--tar-only", SOURCE)
    (archive,) = apt.archives.glob(f"{SOURCE}_*.orig.tar.xz")
    source, compiler = root / "source", root / "musl-cc"
    source.mkdir()
    places.succeed(["tar", "-xJf", str(archive), "-C", str(source), "--strip-components=1"])
    archive.unlink()
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    for command in [
        # This machine's libraries are not musl's, whatever its pkg-config says.
        ["./configure", f"--prefix={root}", *MISSING, f"CC={compiler}", f"PKG_CONFIG_LIBDIR={root}"],
        ["make", f"-j{os.cpu_count()}"],
        ["make", "install"],
    ]:
        print(f"dist-python: {command[0]} {command[1]}", flush=True)
        places.succeed(command, cwd=source)
    shutil.rmtree(source)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Builds all that is published into a folder, with checksums and a list.

    packaging/dist.py [--out dist] [--targets linux-x64-gnu,…] [--only npm,wheels,archives,crates]
                      [--wheels abi3,3.9,…] [--native] [--add] [--tidy]

Zig compiles and links for every platform, whatever this one is; --native does without it, for this
machine alone and for its own C library. A platform whose standard library of Rust is not installed
is named and left out: rustup target add. --add keeps what is in the folder, if it was built from the
same commit: platforms may be built one after another. --tidy removes what the compiler kept for a
platform when it is done: some 300 MB each.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import archives
import build
import crates
import npm
import version
import wheels

KINDS = ["npm", "wheels", "archives", "crates"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=build.ROOT / "dist")
    parser.add_argument("--targets", default="", help="names in targets.json; all unless given")
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--wheels", default=",".join(wheels.VERSIONS))
    for flag in ["--native", "--add", "--tidy"]:
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    chosen = chosen_targets(args)
    missing = [] if args.native else build.missing_tools()
    if missing:
        sys.exit(f"dist: there is no {' and no '.join(missing)}; see packaging/requirements.txt")
    kinds = args.only.split(",")
    prepare(args.out, args.add)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for target in chosen:
            if "npm" in kinds:
                npm.binary(target, args.native, work)
            if "wheels" in kinds:
                wheels.build(target, args.native, args.wheels.split(","), args.out)
            if "archives" in kinds:
                archives.build(target, args.native, work, args.out)
            if args.tidy:
                shutil.rmtree(target.built.parent, ignore_errors=True)
        if "npm" in kinds:
            npm.pack(work, args.out)
        if "wheels" in kinds:
            wheels.source(args.out)
        if "crates" in kinds:
            crates.build(args.out)
    listed(args.out)
    return 0


def chosen_targets(args: argparse.Namespace) -> list[build.Target]:
    names = [name for name in args.targets.split(",") if name]
    known = {target.name: target for target in build.targets()}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"dist: there is no target {', '.join(unknown)} in packaging/targets.json")
    chosen = [known[name] for name in names] or list(known.values())
    if args.native:
        chosen = [target for target in chosen if target.rust == build.host()]
    for target in chosen:
        if not build.installed(target):
            print(f"dist: RUST HAS NO {target.rust} HERE (rustup target add): {target.name} IS LEFT OUT", file=sys.stderr)
    chosen = [target for target in chosen if build.installed(target)]
    return chosen or sys.exit("dist: nothing can be built")


def prepare(out: Path, add: bool) -> None:
    """An empty folder, or one with packages of the same commit."""
    if add and (out / "LIST").is_file():
        of = commit()
        if re.fullmatch("[0-9a-f]{40}", of) and f" from {of}\n" in (out / "LIST").read_text():
            return
        sys.exit(f"dist: what is in {out} was not built from {commit()}")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


def commit() -> str:
    """That is checked out; a plus behind it stands for what is not committed."""
    done = subprocess.run(["git", "describe", "--always", "--abbrev=40", "--dirty=+"], cwd=build.ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "an unknown commit"


def listed(out: Path) -> None:
    """SHA256SUMS, as sha256sum -c takes it, and the same with sizes for people."""
    files = sorted(path for path in out.iterdir() if path.is_file() and path.name not in ("LIST", "SHA256SUMS"))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    lines = [f"{path.stat().st_size:>9}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums))
    head = f"wspair {version.current(build.ROOT)} from {commit()}\n{len(files)} files, sizes in bytes\n\n"
    (out / "LIST").write_text(head + "".join(lines))
    print((out / "LIST").read_text(), end="")


if __name__ == "__main__":
    sys.exit(main())

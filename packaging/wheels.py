"""The wheels, and the source distribution for who has none."""

from __future__ import annotations

import sys
from pathlib import Path

from build import PROFILE, ROOT, Target, environment, run

PYTHON = ROOT / "bindings-python"
# One wheel serves 3.11 and later. What is before, and what has no GIL, has no stable ABI with buffers.
VERSIONS = ["abi3", "3.9", "3.10", "3.14t"]


def build(target: Target, native: bool, versions: list[str], out: Path) -> None:
    for version in versions:
        if target.name == "win32-arm64" and version in ("3.9", "3.10"):
            # There were no such interpreters before 3.11.
            continue
        print(f"dist: wheel {version} for {target.name}", flush=True)
        wheel(target, version, native, out)


def source(out: Path) -> None:
    print("dist: source distribution", flush=True)
    run([sys.executable, "-m", "maturin", "sdist", "--out", str(out)], environment(), PYTHON)


def wheel(target: Target, version: str, native: bool, out: Path) -> None:
    command = [sys.executable, "-m", "maturin", "build", "--quiet", "--locked"]
    command += ["--profile", PROFILE, "--target", target.rust, "--out", str(out)]
    command += ["--features", "abi3"] if version == "abi3" else ["--interpreter", f"python{version}"]
    if not native:
        command += ["--zig"]
        tag = {"glibc": "manylinux2014", "musl": "musllinux_1_2"}.get(target.libc or "")
        command += ["--compatibility", tag] if tag else []
    elif version == "abi3":
        command += ["--interpreter", sys.executable]
    run(command, environment(target), PYTHON)

#!/usr/bin/env python3
"""Runs the packages' own tests against what was built for this machine, installed elsewhere: not the source tree.

    packaging/installed.py DIST [--only npm,wheel]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build import ROOT
from checks import members
from trials import write

NODE, PYTHON = ROOT / "bindings-node", ROOT / "bindings-python"
# They are about the source, and about packing it.
OF_THE_SOURCE = {"package.test.js", "rooms.test.js"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--only", default="npm,wheel")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in args.only.split(","):
            {"npm": npm, "wheel": wheel}[kind](args.dist.resolve(), Path(folder))
    return 0


def npm(dist: Path, work: Path) -> None:
    """The package is the folder, so that tests find it by its name and beside themselves."""
    package = work / "wspair"
    modules = package / "node_modules"
    (main,) = dist.glob("wspair-[0-9]*.tgz")
    (binary,) = dist.glob("wspair-[a-z]*.tgz")
    write(package, inside(main))
    files = inside(binary)
    write(modules / json.loads(files["package.json"])["name"], files)
    for module in (NODE / "node_modules").iterdir():
        os.symlink(module, modules / module.name)
    for part in ["test", "examples", "conformance"]:
        shutil.copytree(NODE / part, package / part)
    tests = [path for path in sorted((package / "test").glob("*.test.*js")) if path.name not in OF_THE_SOURCE]
    run("npm", ["node", "--expose-gc", "--test", *map(str, tests)], package)


def inside(package: Path) -> dict[str, bytes]:
    return {name[len("package/") :]: data for name, data in members(package).items()}


def wheel(dist: Path, work: Path) -> None:
    """Before the one in the source on Python's path, which the tests' environment has."""
    site, package = work / "site", work / "bindings-python"
    (made,) = dist.glob("*-abi3-*.whl")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run("wheel", [sys.executable, *install, "--target", str(site), str(made)], work)
    for part in ["tests", "examples"]:
        shutil.copytree(PYTHON / part, package / part)
    for part in ["pyproject.toml", "README.md"]:
        shutil.copy(PYTHON / part, package)
    os.environ["PYTHONPATH"] = str(site)
    where = "import wspair; print(wspair.__file__)"
    found = subprocess.run([sys.executable, "-c", where], cwd=package, capture_output=True, text=True).stdout
    if not found.startswith(str(site)):
        sys.exit(f"installed: the tests would run against {found}")
    run("wheel", [sys.executable, "-m", "pytest", "-q"], package)


def run(kind: str, command: list[str], folder: Path) -> None:
    if subprocess.run(command, cwd=folder).returncode != 0:
        sys.exit(f"installed: the tests of the {kind} failed")


if __name__ == "__main__":
    sys.exit(main())

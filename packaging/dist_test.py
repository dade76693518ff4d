#!/usr/bin/env python3
"""Tries what make dist built: runs what can run here, looks at the rest, and lists which is which.

    packaging/dist_test.py [dist]

Ends with 1 if anything does not work, or is not as it should be.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

import build
import checks
import managers
import places
import trials
from registry import registry

sys.path.insert(0, str(build.ROOT / "bindings-python"))
from wheel import find  # noqa: E402  # where interpreters are

TAGS = {
    r"manylinux\w*_x86_64": "linux-x64-gnu",
    r"manylinux\w*_aarch64": "linux-arm64-gnu",
    r"musllinux\w*_x86_64": "linux-x64-musl",
    r"musllinux\w*_aarch64": "linux-arm64-musl",
    r"macosx\w*_x86_64": "darwin-x64",
    r"macosx\w*_arm64": "darwin-arm64",
    r"win_amd64": "win32-x64",
    r"win_arm64": "win32-arm64",
}

# Where a platform can be had on this machine.
PLACES = {
    "linux-x64-gnu": places.here,
    "linux-arm64-gnu": places.arm64,
    "linux-x64-musl": places.musl,
    "linux-arm64-musl": places.arm64_musl,
    "win32-x64": places.windows,
}


@dataclass
class Row:
    """What became of one artifact."""

    name: str
    size: int
    target: Optional[build.Target] = None
    kind: str = ""
    # Of the binary in it, in bytes.
    binary: int = 0
    ran: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return "FAILED" if self.problems else "ran" if self.ran else "loaded" if self.loaded else "checked only"


def main() -> int:
    dist = Path(sys.argv[1] if len(sys.argv) > 1 else build.ROOT / "dist")
    if not (dist / "SHA256SUMS").is_file():
        sys.exit(f"dist-test: {dist} was not made by make dist")
    with tempfile.TemporaryDirectory() as folder:
        tester = Tester(dist, Path(folder))
        rows = [tester.row(package) for package in sums(dist)]
    print("\n".join(table(rows)))
    for row in rows:
        for problem in row.problems:
            print(f"dist-test: {row.name}: {problem}", file=sys.stderr)
    return int(any(row.problems for row in rows))


def sums(dist: Path) -> list[Path]:
    """The packages, whose checksums hold."""
    found = []
    for line in (dist / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        if hashlib.sha256((dist / name).read_bytes()).hexdigest() != digest:
            sys.exit(f"dist-test: {name} is not what SHA256SUMS says")
        found.append(dist / name)
    return found


class Tester:
    def __init__(self, dist: Path, work: Path) -> None:
        self.dist, self.work, self.count = dist, work, 0
        self.targets = {target.name: target for target in build.targets()}
        self.known: dict[str, "places.Place | places.Unavailable"] = {}

    def row(self, package: Path) -> Row:
        row = Row(package.name, package.stat().st_size)
        kind, name = identity(package.name)
        files = checks.members(package)
        row.problems += [
            f"{path} names {home}" for path, data in files.items() for home in checks.places_of_the_builder(data)
        ]
        if name is None:
            print(f"dist-test: {package.name}", file=sys.stderr, flush=True)
            if kind == "source":
                row.not_run.append("make packages and make wheel build it")
            else:
                self.run_main(row, package)
            return row
        row.target, row.kind = self.targets[name], kind
        for path, data in files.items():
            if checks.is_binary(path):
                row.binary = max(row.binary, len(data))
                row.problems += checks.problems(row.target, kind, path, data, self.fresh(make=True))
        if row.binary == 0:
            row.problems.append("has no binary")
        print(f"dist-test: {package.name}", file=sys.stderr, flush=True)
        self.run(row, package)
        return row

    def run(self, row: Row, package: Path) -> None:
        target = row.target
        assert target is not None
        make = PLACES.get(target.name)
        if make is None:
            row.not_run.append(f"no {target.what.split(' on ')[0]} on such a processor here")
            return
        place = self.place(target.name, make)
        if isinstance(place, places.Unavailable):
            row.not_run.append(str(place))
        elif row.kind == "archive":
            self.attempt(row, place.name, lambda: trials.archive(place, package, self.fresh()))
        elif row.kind == "npm":
            main = next(self.dist.glob("wspair-[0-9]*.tgz"))
            self.attempt(row, f"Node, {place.name}", lambda: trials.npm(place, [main, package], self.fresh()))
            for runtime in self.runtimes(row) if target.name == "linux-x64-gnu" else []:
                self.attempt(row, runtime.name, lambda: trials.npm(runtime, [main, package], self.fresh()))
        else:
            self.run_wheel(row, package, place)

    def run_main(self, row: Row, package: Path) -> None:
        """The package alone, as WebAssembly, and as each package manager installs it with what belongs to it."""
        here = self.place("linux-x64-gnu", places.here)
        if isinstance(here, places.Unavailable):
            row.not_run.append(str(here))
            return
        for place in [replace(here, name="Node"), *self.runtimes(row)]:
            fallback = replace(place, environment={"WSPAIR_WASM": "1"})
            self.attempt(row, f"{place.name}, as WebAssembly", lambda: trials.npm(fallback, [package], self.fresh()))
        if not any(self.dist.glob("wspair-linux-x64-gnu-*.tgz")):
            return
        with registry(self.dist) as address:
            for manager in managers.MANAGERS:
                self.attempt(row, manager.name, lambda: managers.install(manager, address, self.fresh()))

    def runtimes(self, row: Row) -> "list[places.Place]":
        try:
            return places.runtimes()
        except places.Unavailable as reason:
            row.not_run.append(str(reason))
            return []

    def run_wheel(self, row: Row, package: Path, place: places.Place) -> None:
        """With every interpreter that it is for and that is there, or else loaded into a program that is none."""
        is_here = row.target is not None and row.target.name == "linux-x64-gnu"
        for version in interpreters(package.name):
            found = find(version) if is_here else None
            if found:
                self.attempt(row, f"CPython {version}", lambda: trials.wheel_install(found, package, self.fresh()))
            elif version in place.python:
                python = place.python[version]
                self.attempt(row, f"CPython {version}, {place.name}", lambda: trials.wheel(python, package, self.fresh()))
            elif is_here:
                row.not_run.append(f"no CPython {version} here")
        if not row.ran and not row.problems:
            if not is_here:
                row.not_run.append(f"no CPython of that kind for {place.name}")
            self.attempt(row, f"loaded by a program, {place.name}", lambda: trials.load(place, package, self.fresh()), loaded=True)

    def attempt(self, row: Row, where: str, trial: Callable[[], str], loaded: bool = False) -> None:
        try:
            trial()
            (row.loaded if loaded else row.ran).append(where)
        except places.Unavailable as reason:
            row.not_run.append(str(reason))
        except trials.Failed as failure:
            row.problems.append(str(failure))

    def place(self, name: str, make: Callable[[], places.Place]) -> "places.Place | places.Unavailable":
        if name not in self.known:
            try:
                self.known[name] = make()
            except places.Unavailable as reason:
                print(f"dist-test: {reason}: NOTHING IS RUN FOR {name}", file=sys.stderr)
                self.known[name] = reason
        return self.known[name]

    def fresh(self, make: bool = False) -> Path:
        self.count += 1
        folder = self.work / str(self.count)
        if make:
            folder.mkdir()
        return folder


def identity(name: str) -> "tuple[str, Optional[str]]":
    """The kind of a package, and the name of its target, if it is for one."""
    if name.endswith(".whl"):
        return "wheel", next(target for tag, target in TAGS.items() if re.search(rf"-{tag}(\.|$)", name))
    if name.startswith("wspair-c-"):
        return "archive", re.sub(r"^wspair-c-[0-9.]+-|\.(tar\.gz|zip)$", "", name)
    if name.endswith(".tgz"):
        binary = re.fullmatch(r"wspair-([a-z].*)-[0-9.]+\.tgz", name)
        return ("npm", binary[1]) if binary else ("main", None)
    return "source", None


def interpreters(wheel: str) -> list[str]:
    """The minor versions of CPython that a wheel is for."""
    tag = re.search(r"-cp3(\d+)-(abi3|cp\d+(t?))-", wheel)
    assert tag is not None
    if tag[2] == "abi3":
        return [f"3.{minor}" for minor in range(int(tag[1]), 15)]
    return [f"3.{tag[1]}{tag[3]}"]


def table(rows: list[Row]) -> list[str]:
    lines = ["| artifact | KB | its binary, KB | | how |", "|---|--:|--:|---|---|"]
    for row in rows:
        how = "; ".join([*row.ran, *row.loaded, *(f"not: {reason}" for reason in row.not_run)])
        binary = f"{row.binary / 1000:,.0f}" if row.binary else ""
        lines.append(f"| {row.name} | {row.size / 1000:,.0f} | {binary} | {row.verdict} | {how} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())

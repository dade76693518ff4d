#!/usr/bin/env python3
"""The version of everything that is published: the one in Cargo.toml, wherever else it is written.

    packaging/version.py             prints it, and fails where a file says another one
    packaging/version.py 0.2.0       changes it everywhere, and what is unreleased in the changelog becomes it
"""

from __future__ import annotations

import datetime
import email.utils
import os
import re
import sys
from pathlib import Path

NUMBER = r"\d+\.\d+\.\d+"

# Where it stands: a pattern with the version as its only group, and whether that may not be missing.
PLACES = {
    "Cargo.toml": [rf'^version = "({NUMBER})"$', rf'package = "wspair", path = "core", version = "({NUMBER})"'],
    "core/tokio/Cargo.toml": [rf'^wspair = \{{ path = "\.\.", version = "({NUMBER})"'],
    "core/conformance/hosts/hosts/tokio/Cargo.toml": [rf'^wspair(?:-tokio)? = \{{ path = "[./a-z]+", version = "({NUMBER})"'],
    "bindings-node/package.json": [rf'^  "version": "({NUMBER})"'],
    # The first entry is the package itself.
    "bindings-node/package-lock.json": [
        rf'\A\{{\n  "name": "wspair",\n  "version": "({NUMBER})"',
        rf'^    "": \{{\n      "name": "wspair",\n      "version": "({NUMBER})"',
    ],
    "bindings-c/cbindgen.toml": [rf'^#define WSPAIR_VERSION "({NUMBER})"'],
    # The newest entry is the first; the others are history.
    "bindings-c/debian/changelog": [rf"\Awspair \(({NUMBER})\)"],
    "bindings-c/include/wspair.h": [rf'^#define WSPAIR_VERSION "({NUMBER})"'],
}
# A package without a source is one of ours; what is not published stays at 0.0.0.
LOCKED = rf'^name = "wspair(?:-(?:c|hosts|node|python|tokio))?"\nversion = "({NUMBER})"\n(?!source)'
for lock in ["", "core/benches/", "core/tests/no_std/", "core/tokio/benches/", "fuzz/"]:
    PLACES[f"{lock}Cargo.lock"] = [LOCKED]

# Versions that may not be exchanged for each other have another soname, and Debian's package is called by that.
INTERFACE = r"\d+(?:\.\d+)?"
INTERFACE_PLACES = {
    ".gitignore": [rf"bindings-c/debian/libwspair({INTERFACE})/"],
    "RELEASING.md": [rf"`libwspair({INTERFACE})`"],
    "bindings-c/README.md": [rf"find_package\(wspair ({INTERFACE})\)", rf"`libwspair\.so\.({INTERFACE})`", rf"`libwspair({INTERFACE})`"],
    "bindings-c/debian/control": [rf"^Package: libwspair({INTERFACE})$", rf"^Depends: libwspair({INTERFACE}) "],
    "bindings-c/tests/cmake/CMakeLists.txt": [rf"^find_package\(wspair ({INTERFACE}) REQUIRED\)"],
}
# A file that is called by it.
INSTALL = "bindings-c/debian/libwspair{}.install"

# As 0xMMmmpp.
HEX = r"^#define WSPAIR_VERSION_NUM (0x[0-9a-f]{6})"
HEX_PLACES = ["bindings-c/cbindgen.toml", "bindings-c/include/wspair.h"]


def parts(version: str) -> tuple[int, ...]:
    if not re.fullmatch(NUMBER, version):
        sys.exit(f"version: {version!r} is not of the form 1.2.3")
    return tuple(map(int, version.split(".")))


def interface(version: str) -> str:
    """That of the C library, as in its soname: before 1.0 a minor version may break."""
    major, minor, _ = parts(version)
    return f"0.{minor}" if major == 0 else str(major)


def in_hex(version: str) -> str:
    major, minor, patch = parts(version)
    return f"0x{major:02x}{minor:02x}{patch:02x}"


def places(version: str) -> list[tuple[str, str, str]]:
    """Every file and pattern, with what is to stand there."""
    found = [(file, pattern, version) for file, patterns in PLACES.items() for pattern in patterns]
    found += [(file, pattern, interface(version)) for file, patterns in INTERFACE_PLACES.items() for pattern in patterns]
    return found + [(file, HEX, in_hex(version)) for file in HEX_PLACES]


def current(root: Path) -> str:
    text = (root / "Cargo.toml").read_text()
    found = re.search(rf'^\[workspace\.package\]\nversion = "({NUMBER})"', text, re.MULTILINE)
    if found is None:
        sys.exit("version: Cargo.toml has none in [workspace.package]")
    return found[1]


def disagreements(root: Path, version: str) -> list[str]:
    wrong = []
    for file, pattern, expected in places(version):
        said = re.findall(pattern, (root / file).read_text(), re.MULTILINE)
        if set(said) != {expected}:
            wrong.append(f"{file}: {', '.join(said) or 'nothing'} where {expected} has to stand")
    if not (root / INSTALL.format(interface(version))).is_file():
        wrong.append(f"{INSTALL.format(interface(version))} is not there")
    return wrong


def change(root: Path, version: str, now: datetime.datetime) -> None:
    old = interface(current(root))
    (root / INSTALL.format(old)).rename(root / INSTALL.format(interface(version)))
    debian = root / "bindings-c/debian/changelog"
    entries = debian.read_text()
    signature = re.search(r"^ -- (.*>)  ", entries, re.MULTILINE)
    if signature is None:
        sys.exit(f"version: {debian} has no entry that is signed")
    new = f"wspair ({version}) UNRELEASED; urgency=medium\n\n  * New release: see CHANGELOG.md.\n\n"
    debian.write_text(f"{new} -- {signature[1]}  {email.utils.format_datetime(now)}\n\n{entries}")
    for file, pattern, new in places(version):
        text = (root / file).read_text()
        for found in reversed(list(re.finditer(pattern, text, re.MULTILINE))):
            text = text[: found.start(1)] + new + text[found.end(1) :]
        (root / file).write_text(text)
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text()
    heading = "## [Unreleased]\n"
    if text.count(heading) != 1:
        sys.exit("version: CHANGELOG.md has no heading [Unreleased]")
    changelog.write_text(text.replace(heading, f"{heading}\n## [{version}] - {now.date().isoformat()}\n"))


def main(arguments: list[str]) -> int:
    root = Path(os.environ.get("WSPAIR_ROOT", Path(__file__).resolve().parent.parent))
    before = current(root)
    wrong = disagreements(root, before)
    if wrong:
        print(*(f"version: {line}" for line in wrong), sep="\n", file=sys.stderr)
        return 1
    if not arguments:
        print(before)
        return 0
    (after,) = arguments
    if parts(after) <= parts(before):
        sys.exit(f"version: {after} is not after {before}")
    change(root, after, datetime.datetime.now(datetime.timezone.utc))
    left = disagreements(root, after)
    if left:
        sys.exit("version: " + "; ".join(left))
    print(f"version: {before} is {after} now; review it with git diff, then commit")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

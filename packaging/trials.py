"""Uses artifacts as their users do: installs them where nothing else is, and runs a program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

from build import ROOT
from checks import ENTRIES, members
from places import Place, Unavailable, bare

PROGRAMS = ROOT / "packaging" / "trials"
# Each is a whole program, which fails with a message.
C_TESTS = ["conn", "frame", "pair", "handshake_server"]


class Failed(Exception):
    """What did not work, with what it printed."""


def npm(place: Place, packages: list[Path], folder: Path, environment: Optional[dict[str, str]] = None) -> str:
    """Unpacks packages as npm does, and lets a Worker talk with a client."""
    if place.node is None:
        raise Unavailable(f"there is no Node for {place.name}")
    modules = folder / "node_modules"
    for package in packages:
        files = members(package)
        name = json.loads(files["package/package.json"])["name"]
        write(modules / name, {path[len("package/") :]: data for path, data in files.items()})
    shutil.copy(PROGRAMS / "pair.mjs", folder)
    return start([*place.node, "pair.mjs"], folder, environment)


def npm_install(place: Place, packages: list[Path], folder: Path) -> str:
    """The same through npm itself, offline, as it is on this machine."""
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{ "private": true }')
    flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", str(folder / "cache")]
    command = ["npm", "install", *flags, *map(str, packages)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failed(done.stdout)
    shutil.copy(PROGRAMS / "pair.mjs", folder)
    return start([*(place.node or []), "pair.mjs"], folder)


def wheel(python: list[str], package: Path, folder: Path) -> str:
    """Unpacks a wheel, as installers do, and lets a server talk with a client."""
    write(folder / "site", members(package))
    shutil.copy(PROGRAMS / "echo.py", folder)
    program = "import sys; sys.path.insert(0, 'site'); exec(open('echo.py', encoding='utf-8').read())"
    return start([*python, "-S", "-W", "error", "-c", program], folder)


def wheel_install(python: str, package: Path, folder: Path) -> str:
    """The same through pip, in an environment of its own."""
    folder.mkdir(parents=True)
    # As who may have compilers and shims.
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)
    fresh = str(folder / "venv" / "bin" / "python")
    start([fresh, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", str(package)], folder)
    shutil.copy(PROGRAMS / "echo.py", folder)
    return start([fresh, "-W", "error", "echo.py"], folder)


def archive(place: Place, package: Path, folder: Path) -> str:
    """Compiles programs against an unpacked archive, shared and static, and runs them there."""
    if place.compiler is None:
        raise Unavailable(f"there is no C compiler for {place.name}")
    folder.mkdir(parents=True)
    shutil.unpack_archive(package, folder, **({"filter": "tar"} if sys.version_info >= (3, 12) else {}))
    (root,) = [path for path in folder.iterdir() if path.is_dir()]
    words = re.search(r"^Libs.private:(.*)$", (root / "lib/pkgconfig/wspair.pc").read_text(), re.MULTILINE)
    needed = words[1].split() if words else []
    if "ziglang" in place.compiler:
        # A compiler for a place brings its own unwinder, and Zig only when asked.
        needed.append("-lunwind")
    for name in C_TESTS:
        source = [str(ROOT / "bindings-c" / "tests" / f"{name}.c"), f"-I{root / 'include'}"]
        shared = [f"-L{root / 'lib'}", "-lwspair", f"-Wl,-rpath,{root / 'lib'}"]
        for kind, libraries in {"shared": shared, "static": [str(root / "lib/libwspair.a"), *needed]}.items():
            program = str(folder / f"{name}-{kind}")
            dynamic = dynamically(place) if kind == "shared" else []
            compiled = subprocess.run(
                [*place.compiler, *dynamic, "-o", program, *source, *libraries], capture_output=True, text=True
            )
            if compiled.returncode != 0:
                raise Failed(compiled.stderr)
            start([*place.start, program], folder)
    return f"works: {len(C_TESTS)} programs, shared and static"


def load(place: Place, kind: str, package: Path, folder: Path) -> str:
    """Loads the binary of a package into a program that has all that its host would bring."""
    if place.compiler is None:
        raise Unavailable(f"there is no C compiler for {place.name}")
    folder.mkdir(parents=True)
    name, data = next((name, data) for name, data in members(package).items() if re.search(r"\.(node|so)$", name))
    library = folder / Path(name).name
    library.write_bytes(data)
    wanted = subprocess.run(["nm", "-D", "--undefined-only", str(library)], capture_output=True, text=True).stdout
    names = sorted(set(re.findall(r" U ((?:napi_|_?Py)\w+)", wanted)))
    (folder / "host.c").write_text("".join(f"char {name}[4096];\n" for name in names))
    program = str(folder / "load")
    compile_it = [*place.compiler, *dynamically(place), "-rdynamic", "-o", program, str(PROGRAMS / "load.c"), str(folder / "host.c")]
    done = subprocess.run(compile_it, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return start([*place.start, program, str(library), ENTRIES[kind]], folder)


def dynamically(place: Place) -> list[str]:
    """Zig links programs for musl whole, unless told."""
    return ["-dynamic"] if place.compiler is not None and "ziglang" in place.compiler else []


def start(command: list[str], folder: Path, environment: Optional[dict[str, str]] = None) -> str:
    """Runs a program where there is no compiler and nothing else of a developer's."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**bare(folder / "home"), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=600,
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout.strip()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

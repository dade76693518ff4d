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
from places import Place, Unavailable, bare, need

PROGRAMS = ROOT / "packaging" / "trials"
# Each is a whole program, which fails with a message.
C_TESTS = ["conn", "frame", "pair", "handshake_server"]


class Failed(Exception):
    """What did not work, with what it printed."""


def npm(place: Place, packages: list[Path], folder: Path) -> str:
    """Unpacks packages as npm does, and lets a Worker talk with a client."""
    if place.node is None:
        raise Unavailable(f"there is no Node for {place.name}")
    modules = folder / "node_modules"
    for package in packages:
        files = members(package)
        name = json.loads(files["package/package.json"])["name"]
        write(modules / name, {path[len("package/") :]: data for path, data in files.items()})
    (folder / "package.json").write_text('{ "private": true, "dependencies": { "wspair": "*" } }')
    shutil.copy(PROGRAMS / "pair.mjs", folder)
    # That it fell back to WebAssembly would be said.
    return start([*place.node, "pair.mjs"], folder, place.environment, silent=True)


def wheel(python: list[str], package: Path, folder: Path) -> str:
    """Unpacks a wheel, as installers do, and lets a server talk with a client: over the network, if CPython can."""
    write(folder / "site", members(package))
    has_ssl = subprocess.run([*python, "-c", "import ssl"], stderr=subprocess.DEVNULL).returncode == 0
    text = (PROGRAMS / ("echo.py" if has_ssl else "connection.py")).read_text(encoding="utf-8")
    program = "import sys; sys.path.insert(0, 'site'); exec(sys.argv[1])"
    return start([*python, "-S", "-W", "error", "-c", program, text], folder)


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
    shared = [f"-L{root / 'lib'}", "-lwspair", f"-Wl,-rpath,{root / 'lib'}"]
    if (root / "bin").is_dir():
        # Windows looks for libraries beside the program.
        shutil.copytree(root / "bin", folder, dirs_exist_ok=True)
        shared = [str(root / "lib/libwspair.dll.a")]
    for name in C_TESTS:
        source = [str(ROOT / "bindings-c" / "tests" / f"{name}.c"), f"-I{root / 'include'}"]
        for kind, libraries in {"shared": shared, "static": [str(root / "lib/libwspair.a"), *needed]}.items():
            program = f"{name}-{kind}.exe"
            dynamic = dynamically(place) if kind == "shared" else []
            compile_it([*place.compiler, *dynamic, "-o", program, *source, *libraries], folder)
            how = place.start if kind == "shared" else place.start_static
            start([*how, f"./{program}"], folder, place.environment)
    return f"works: {len(C_TESTS)} programs, shared and static"


def load(place: Place, package: Path, folder: Path) -> str:
    """Loads a wheel's binary into a program that has what it wants of CPython, but is none."""
    if place.compiler is None:
        raise Unavailable(f"there is no C compiler for {place.name}")
    folder.mkdir(parents=True)
    name, data = next((name, data) for name, data in members(package).items() if re.search(r"\.(pyd|so)$", name))
    library = Path(name).name
    (folder / library).write_bytes(data)
    host = subprocess.run([need("llvm-objdump", "llvm"), "-p", library], cwd=folder, capture_output=True, text=True).stdout
    python = re.search(r"DLL Name: (python\S+)\.dll", host)
    if python:
        names = sorted(set(re.findall(r"^\s+\d+\s+(_?Py\w+)$", host, re.MULTILINE)))
        defined = "".join(f"__declspec(dllexport) char {name}[4096];\n" for name in names)
        (folder / "python.c").write_text(defined)
        compile_it([*place.compiler, "-shared", "-o", f"{python[1]}.dll", "python.c"], folder)
        beside = []
    else:
        wanted = subprocess.run(["nm", "-D", "--undefined-only", library], cwd=folder, capture_output=True, text=True).stdout
        names = sorted(set(re.findall(r" U (_?Py\w+)", wanted)))
        (folder / "python.c").write_text("".join(f"char {name}[4096];\n" for name in names))
        beside = [*dynamically(place), "-rdynamic", "python.c"]
    if not names:
        raise Failed(f"{library} wants nothing of CPython")
    compile_it([*place.compiler, "-o", "load.exe", str(PROGRAMS / "load.c"), *beside], folder)
    return start([*place.start, "./load.exe", f"./{library}", ENTRIES["wheel"]], folder, place.environment)


def compile_it(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)


def dynamically(place: Place) -> list[str]:
    """Zig links programs for musl whole, unless told."""
    return ["-dynamic"] if place.compiler is not None and "ziglang" in place.compiler else []


def start(command: list[str], folder: Path, environment: Optional[dict[str, str]] = None, silent: bool = False) -> str:
    """Runs a program where there is no compiler and nothing else of a developer's.

    silent: whether it fails if it complains.
    """
    output, complaints = folder / "output", folder / "complaints"
    # Node for Windows can't write into a pipe of Wine's.
    with output.open("wb") as to, complaints.open("wb") as besides:
        bare_environment = {**bare(folder / "home"), **(environment or {})}
        done = subprocess.run(
            command, cwd=folder, env=bare_environment, stdin=subprocess.DEVNULL, stdout=to, stderr=besides, timeout=600
        )
    said, complaint = (path.read_text(errors="replace").strip() for path in (output, complaints))
    if done.returncode != 0 or (silent and complaint):
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{said}\n{complaint}")
    return said


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

"""What can be seen of a binary without running it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

from build import ROOT, Target

# Of a binary in an npm package, in bytes.
MOST = 1_200_000
# What a binary is called for, by the package that it is in.
ENTRIES = {"npm": "napi_register_module_v1", "wheel": "PyInit__native", "archive": "wspair_version"}


def members(package: Path) -> dict[str, bytes]:
    """The files of an archive of any kind."""
    if package.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(package) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    with tarfile.open(package) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {member.name: archive.extractfile(member).read() for member in files}


def is_binary(name: str) -> bool:
    return re.search(r"\.(node|pyd|dll|dylib)$|\.so(\.[0-9.]+)?$", name) is not None


def places_of_the_builder(data: bytes) -> list[str]:
    """Paths of this machine that a file tells."""
    homes = {str(ROOT), os.path.expanduser("~"), os.environ.get("CARGO_HOME", "/nowhere/.cargo")} - {"/"}
    return sorted(home for home in homes if home.encode() + b"/" in data)


def problems(target: Target, kind: str, name: str, data: bytes, scratch: Path) -> list[str]:
    """What is wrong with a binary for a platform; nothing, if it is as it should be."""
    found = [f"names {home}" for home in places_of_the_builder(data)]
    if kind == "npm" and len(data) > MOST:
        found.append(f"has {len(data)} bytes")
    path = scratch / Path(name).name
    path.write_bytes(data)
    # The file's format, its needs and what it defines.
    looks = {"linux": elf, "darwin": mach_o, "win32": pe}[target.os](target, path)
    defined = looks.pop("defined")
    if ENTRIES[kind] not in defined:
        found.append(f"does not define {ENTRIES[kind]}")
    return found + [text for texts in looks.values() for text in texts]


def elf(target: Target, path: Path) -> dict[str, list[str]]:
    headers = text("readelf", "-hdW", path)
    machine = {"x64": "X86-64", "arm64": "AArch64"}[target.cpu]
    wrong = [] if machine in headers else [f"is not for {machine}"]
    needed = re.findall(r"NEEDED.*\[(.*)\]", headers)
    known = r"(libc|libm|libdl|libpthread|libgcc_s|ld-linux.*|librt|libutil)\.so\.[0-9]+" if target.glibc else r"libc\.so"
    wrong += [f"needs {library}" for library in needed if not re.fullmatch(known, library)]
    newest = max(re.findall(r"GLIBC_([0-9.]+)", text("objdump", "-T", path)), key=numbers, default="0")
    if target.glibc and numbers(newest) > numbers(target.glibc):
        wrong.append(f"needs glibc {newest}")
    return {"wrong": wrong, "defined": text("nm", "-D", "--defined-only", path).split()}


def mach_o(target: Target, path: Path) -> dict[str, list[str]]:
    commands = text("llvm-objdump", "--macho", "--private-headers", path)
    machine = {"x64": "X86_64", "arm64": "ARM64"}[target.cpu]
    wrong = [] if machine in commands else [f"is not for {machine}"]
    needed = re.findall(r"LC_(?:LOAD|REEXPORT)[A-Z_]*_DYLIB\n.*\n +name (\S+)", commands)
    # Rust asks for the last two, and every macOS has them.
    known = r"/usr/lib/lib(System\.B|iconv\.2|charset\.1)\.dylib"
    wrong += [f"needs {name}" for name in needed if not re.fullmatch(known, name)]
    oldest = re.search(r"LC_(?:VERSION_MIN_MACOSX|BUILD_VERSION)\n(?:.*\n){1,4}? +(?:version|minos) ([0-9.]+)\n", commands)
    if oldest is None or target.macos is None or numbers(oldest[1]) > numbers(target.macos):
        wrong.append(f"needs macOS {oldest[1] if oldest else 'of some version'}")
    wrong += [f"is called {name}" for name in re.findall(r"LC_ID_DYLIB\n.*\n +name (\S+)", commands) if name[0] != "@"]
    if "LC_CODE_SIGNATURE" not in commands and target.cpu == "arm64":
        wrong.append("is not signed, which macOS on ARM64 wants")
    symbols = text("llvm-nm", "--extern-only", "--defined-only", path).split()
    return {"wrong": wrong, "defined": [symbol.lstrip("_").replace("PyInit_native", "PyInit__native") for symbol in symbols]}


# What every Windows 10 has.
WINDOWS = r"(?i)(kernel32|ntdll|bcrypt|bcryptprimitives|advapi32|ws2_32|userenv|msvcrt|ucrtbase|api-ms-win-[a-z0-9-]+|python3(\d+t?)?)\.dll"


def pe(target: Target, path: Path) -> dict[str, list[str]]:
    headers = text("llvm-objdump", "--private-headers", path)
    machine = {"x64": "coff-x86-64", "arm64": "coff-arm64"}[target.cpu]
    wrong = [] if machine in headers else [f"is not for {machine}"]
    needed = re.findall(r"DLL Name: (\S+)", headers)
    wrong += [f"needs {name}" for name in needed if not re.fullmatch(WINDOWS, name)]
    exports = headers.partition("Export Table:")[2]
    return {"wrong": wrong, "defined": exports.split()}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def text(*command: "str | Path") -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace")
    return done.stdout + done.stderr

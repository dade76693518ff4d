"""The C library: header, libraries, pkg-config and CMake files in an archive that can lie anywhere."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import version
from build import ROOT, Target, cargo, commit_time, environment, run

C = ROOT / "bindings-c"
# What a program needs beside libwspair.a; a C compiler links its libc and unwinder by itself.
NEEDED = {
    "glibc": ["-lutil", "-lrt", "-lpthread", "-lm", "-ldl"],
    "musl": ["-Wl,--eh-frame-hdr"],
    "darwin": [],
    "win32": ["-lkernel32", "-lntdll", "-luserenv", "-lws2_32", "-ldbghelp", "-lbcryptprimitives"],
}
# GNU's linker for each, which has to make one object of the static library.
LINKERS = {"x64": ["x86_64-linux-gnu-", ""], "arm64": ["aarch64-linux-gnu-"]}


def build(target: Target, native: bool, work: Path, out: Path) -> None:
    print(f"dist: C library for {target.name}", flush=True)
    built = cargo(target, "wspair-c", native)
    stage = work / f"wspair-c-{version.current(ROOT)}-{target.name}"
    (stage / "include").mkdir(parents=True)
    (stage / "lib").mkdir()
    shutil.copy(C / "include" / "wspair.h", stage / "include")
    for text in ["bindings-c/README.md", "LICENSE-APACHE", "LICENSE-MIT"]:
        shutil.copy(ROOT / text, stage)
    {"linux": linux, "darwin": darwin, "win32": windows}[target.os](target, built, stage)
    fill(target, stage)
    (zipped if target.os == "win32" else tarred)(stage, out)


def soversion() -> str:
    return version.interface(version.current(ROOT))


def linux(target: Target, built: Path, stage: Path) -> None:
    library = f"libwspair.so.{version.current(ROOT)}"
    shutil.copy(built / "libwspair.so", stage / "lib" / library)
    os.symlink(library, stage / "lib" / f"libwspair.so.{soversion()}")
    os.symlink(f"libwspair.so.{soversion()}", stage / "lib" / "libwspair.so")
    prefix = next((name for name in LINKERS[target.cpu] if shutil.which(f"{name}ld")), None)
    if prefix is None:
        # It works, but not beside another static library that is written in Rust.
        print(f"dist: THERE IS NO {LINKERS[target.cpu][0]}ld: libwspair.a FOR {target.name} DEFINES RUST'S OWN SYMBOLS TOO")
        shutil.copy(built / "libwspair.a", stage / "lib")
        return
    tools = {"LD": f"{prefix}ld", "AR": f"{prefix}ar", "OBJCOPY": f"{prefix}objcopy", "CARGO_BUILD_TARGET": target.rust}
    run(["./archive.sh", str(built / "libwspair.a"), str(built / "archive")], {**environment(target), **tools}, C)
    shutil.copy(built / "archive" / "libwspair.a", stage / "lib")


def darwin(target: Target, built: Path, stage: Path) -> None:
    library = f"libwspair.{soversion()}.dylib"
    shutil.copy(built / "libwspair.dylib", stage / "lib" / library)
    os.symlink(library, stage / "lib" / "libwspair.dylib")
    shutil.copy(built / "libwspair.a", stage / "lib")


def windows(target: Target, built: Path, stage: Path) -> None:
    (stage / "bin").mkdir()
    shutil.copy(built / "wspair.dll", stage / "bin")
    for library in ["libwspair.dll.a", "libwspair.a"]:
        shutil.copy(built / library, stage / "lib")


def fill(target: Target, stage: Path) -> None:
    """The pkg-config and CMake files, which find the rest from where they lie themselves."""
    major, minor, _ = version.parts(version.current(ROOT))
    needed = NEEDED[target.libc or target.os]
    shared = {
        "linux": f"""IMPORTED_LOCATION "${{wspair_lib}}/libwspair.so.{version.current(ROOT)}"
    IMPORTED_SONAME "libwspair.so.{soversion()}\"""",
        "darwin": f"""IMPORTED_LOCATION "${{wspair_lib}}/libwspair.{soversion()}.dylib"
    IMPORTED_SONAME "@rpath/libwspair.{soversion()}.dylib\"""",
        "win32": """IMPORTED_LOCATION "${wspair_lib}/../bin/wspair.dll"
    IMPORTED_IMPLIB "${wspair_lib}/libwspair.dll.a\"""",
    }
    values = {
        "PREFIX": "${pcfiledir}/../..",
        "LIBDIR": "${prefix}/lib",
        "INCLUDE_FROM_LIB": "../include",
        "VERSION": version.current(ROOT),
        "SOVERSION": soversion(),
        "MAJOR": str(major),
        "MINOR": str(minor),
        "LIBS_PRIVATE": " ".join(needed),
        "LIBS_CMAKE": ";".join(flag[2:] if flag.startswith("-l") else flag for flag in needed),
        "SHARED": shared[target.os],
    }
    for template, folder in [
        ("wspair.pc.in", "lib/pkgconfig"),
        ("cmake/wspair-config.cmake.in", "lib/cmake/wspair"),
        ("cmake/wspair-config-version.cmake.in", "lib/cmake/wspair"),
    ]:
        text = (C / template).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (stage / folder).mkdir(parents=True, exist_ok=True)
        (stage / folder / Path(template).stem).write_text(text)


def entries(stage: Path) -> list[Path]:
    return sorted(path for path in stage.rglob("*") if path.is_symlink() or path.is_file())


def tarred(stage: Path, out: Path) -> None:
    """Nothing of the builder's clock, user or umask."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in entries(stage):
            info = archive.gettarinfo(path, str(path.relative_to(stage.parent)))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = int(commit_time())
            info.mode = 0o755 if ".so" in path.name or ".dylib" in path.name else 0o644
            if path.is_symlink():
                archive.addfile(info)
            else:
                archive.addfile(info, io.BytesIO(path.read_bytes()))
    (out / f"{stage.name}.tar.gz").write_bytes(gzip.compress(data.getvalue(), mtime=0))


def zipped(stage: Path, out: Path) -> None:
    with zipfile.ZipFile(out / f"{stage.name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in entries(stage):
            info = zipfile.ZipInfo(str(path.relative_to(stage.parent)))
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)

"""How a crate is compiled for a platform, so that the same source gives the same bytes everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "dist"
PROFILE = "dist"
TOOLS = ["cargo-zigbuild", "maturin"]


@dataclass(frozen=True)
class Target:
    """A line of targets.json."""

    name: str
    rust: str
    os: str
    cpu: str
    what: str
    libc: Optional[str] = None
    # The oldest that the binaries run with.
    glibc: Optional[str] = None
    macos: Optional[str] = None

    @property
    def built(self) -> Path:
        return TARGET / self.rust / PROFILE


def targets() -> list[Target]:
    return [Target(**line) for line in json.loads((ROOT / "packaging" / "targets.json").read_text())]


def host() -> str:
    lines = output(["rustc", "-vV"]).splitlines()
    return next(line[6:] for line in lines if line.startswith("host: "))


def installed(target: Target) -> bool:
    """Whether Rust's standard library for it is there."""
    folder = output(["rustc", "--print", "target-libdir", "--target", target.rust]).strip()
    return Path(folder).is_dir()


def environment(target: Optional[Target] = None) -> dict[str, str]:
    """Without what would make the bytes depend on where, when and by whom they are built."""
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    flags = [f"--remap-path-prefix={home}=cargo", f"--remap-path-prefix={ROOT}=wspair"]
    if target is not None and target.libc == "musl":
        # A library that is loaded, instead of a whole program.
        flags.append("-Ctarget-feature=-crt-static")
    node = {"LIBNODE_PATH": str(libnode())} if target is not None and target.os == "win32" else {}
    # Else it is the one that Zig thinks of.
    apple = {"MACOSX_DEPLOYMENT_TARGET": target.macos} if target is not None and target.macos else {}
    kept = {name: value for name, value in os.environ.items() if not name.endswith("FLAGS")}
    return {
        **kept,
        **node,
        **apple,
        "CARGO_TARGET_DIR": str(TARGET),
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_INCREMENTAL": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": commit_time(),
    }


def libnode() -> Path:
    """What the crate napi asks for on Windows with GNU's tools: a library of Node's, which no Node has.

    Empty, as the feature dyn-symbols looks the symbols up in whatever program loads the addon.
    """
    folder = TARGET / "libnode"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "libnode.dll").write_bytes(b"")
    (folder / "libnode.a").write_bytes(b"!<arch>\n")
    return folder


def commit_time() -> str:
    """In seconds, for archives; they differ only if the source does."""
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return os.environ.get("SOURCE_DATE_EPOCH") or done.stdout.strip() or "0"


def cargo(target: Target, crate: str, native: bool) -> Path:
    """Builds a crate: the folder where its libraries are."""
    suffix = f".{target.glibc}" if target.glibc and not native else ""
    command = ["cargo", "build" if native else "zigbuild", "--locked", "--quiet", "--profile", PROFILE]
    run([*command, "-p", crate, "--target", target.rust + suffix], environment(target))
    return target.built


def missing_tools() -> list[str]:
    path = environment()["PATH"]
    return [tool for tool in TOOLS if shutil.which(tool, path=path) is None]


def run(command: list[str], env: Optional[dict[str, str]] = None, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

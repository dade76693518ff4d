"""Builds a wheel for CPython 3.11 and later and a source distribution, and tries both.

python wheel.py [--profile release] [--only-build]

Each is installed in a fresh environment of every interpreter there is, and what the README shows is
run there. An interpreter that is not there is named as not tried.
"""

from __future__ import annotations

import argparse
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
DIST = HERE / "dist"
WHEEL, SOURCE = "wheel", "source distribution"
INTERPRETERS = {
    "3.9": SOURCE,
    "3.11": WHEEL,
    "3.13": WHEEL,
    "3.13t": SOURCE,
    "3.14": WHEEL,
    "3.14t": SOURCE,
}
"""Each minor version to try, and what is made for it: a free-threaded one has no stable ABI."""


QUESTION = """
import sys, sysconfig
print(sys.version, sysconfig.get_config_var("Py_GIL_DISABLED"))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="release", help="Cargo's, of the wheel")
    parser.add_argument("--only-build", action="store_true")
    args = parser.parse_args()
    made = build(args.profile)
    if args.only_build:
        return 0
    tried, skipped = [], []
    for version, kind in INTERPRETERS.items():
        interpreter = find(version)
        if interpreter is None:
            skipped.append(version)
            continue
        print(f"wheel: CPython {version}, {kind}", flush=True)
        attempt(interpreter, made[kind])
        tried.append(version)
    for version in skipped:
        print(
            f"wheel: CPYTHON {version} IS NOT INSTALLED, NOTHING WAS TRIED WITH IT", file=sys.stderr
        )
    print(f"wheel: {', '.join(path.name for path in made.values())}; tried with {', '.join(tried)}")
    return 0 if tried else 1


def build(profile: str) -> dict[str, Path]:
    """Makes both, in an empty folder."""
    shutil.rmtree(DIST, ignore_errors=True)
    maturin = [sys.executable, "-m", "maturin"]
    options = ["--features", "abi3", "--profile", profile, "--interpreter", sys.executable]
    run([*maturin, "build", "--quiet", *options, "--out", str(DIST)])
    run([*maturin, "sdist", "--out", str(DIST)])
    (wheel,), (source,) = DIST.glob("*-cp311-abi3-*.whl"), DIST.glob("*.tar.gz")
    return {WHEEL: wheel, SOURCE: source}


def find(version: str) -> str | None:
    """An interpreter of a minor version, by its name or where pyenv and uv put them."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    number = re.escape(version.rstrip("t"))
    names = [f"python{version}", *glob.glob(f"{root}/versions/{version.rstrip('t')}.*/bin/python3")]
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        question = (
            "import sys, sysconfig as s; print(sys.version, s.get_config_var('Py_GIL_DISABLED'))"
        )
        done = subprocess.run([path, "-c", question], capture_output=True, text=True)
        is_free = done.stdout.rstrip().endswith("1")
        if re.match(rf"{number}\.", done.stdout) and is_free == version.endswith("t"):
            return path
    return None


def attempt(interpreter: str, made: Path) -> None:
    """Installs it in a fresh environment, outside the source, and uses it."""
    with tempfile.TemporaryDirectory() as folder:
        run([interpreter, "-m", "venv", folder])
        python = os.path.join(folder, "bin", "python")
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(made)])
        run([python, "-m", "wspair", "--version"], folder)
        for code in re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            run([python, "-W", "error", "-c", code.replace("9001", str(port))], folder)


def run(command: list[str], cwd: str | Path = HERE) -> None:
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200
    )
    if done.returncode != 0:
        sys.exit(f"wheel: {' '.join(command)}\n{done.stdout}")


if __name__ == "__main__":
    sys.exit(main())

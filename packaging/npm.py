"""The npm packages: the shell, and one for each platform's binary."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from build import PROFILE, ROOT, Target, cargo, environment, run

NODE = ROOT / "bindings-node"
LIBRARIES = {"linux": "libwspair_node.so", "darwin": "libwspair_node.dylib", "win32": "wspair_node.dll"}


def binary(target: Target, native: bool, work: Path) -> None:
    print(f"dist: npm binary for {target.name}", flush=True)
    library = cargo(target, "wspair-node", native) / LIBRARIES[target.os]
    shutil.copy(library, work / f"wspair.{target.name}.node")


def pack(work: Path, out: Path) -> None:
    print("dist: npm fallback, WebAssembly", flush=True)
    wasm = {**environment(), "WSPAIR_PROFILE": PROFILE}
    # 3: Rust lacks the target, which it says; the package is without a fallback then.
    if subprocess.run(["node", "scripts/build-wasm.mjs", str(work)], cwd=NODE, env=wasm).returncode not in (0, 3):
        sys.exit("dist: the fallback does not build")
    if not (NODE / "node_modules").is_dir():
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE)
    run(["npm", "run", "--silent", "build:shell"], environment(), NODE)
    run(["node", "scripts/pack.mjs", str(out), str(work)], environment(), NODE)

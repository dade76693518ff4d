"""The package managers of Node, each of which finds the platform's binary beside the package in its own way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from places import bare, need, once, pinned, succeed
from trials import PROGRAMS, Failed

# From npm, pinned. Yarn's first line and its later ones have no more than the name in common.
PACKAGES = ["pnpm@10.34.8", "yarn@1.22.22", "@yarnpkg/cli-dist@4.18.1"]


@dataclass
class Manager:
    name: str
    # Its program in the packages above; npm comes with Node.
    program: str
    add: list[str]
    # How a program is started in what was installed.
    run: list[str] = field(default_factory=lambda: ["node"])
    configuration: dict[str, str] = field(default_factory=dict)
    # Whether the binary is left out, so that the fallback has to work.
    bare: bool = False


QUIET = ["--ignore-scripts", "--no-audit", "--no-fund"]
YARN = {
    ".yarnrc.yml": 'npmRegistryServer: "{registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nenableTelemetry: false\nnpmMinimalAgeGate: 0\npnpEnableEsmLoader: true\n',
    "yarn.lock": "",
}
MODULES = {".yarnrc.yml": YARN[".yarnrc.yml"] + "nodeLinker: node-modules\n", "yarn.lock": ""}
BERRY = "@yarnpkg/cli-dist/bin/yarn.js"
MANAGERS = [
    Manager("npm", "npm", ["install", *QUIET, "wspair"]),
    Manager("npm --omit=optional", "npm", ["install", *QUIET, "--omit=optional", "wspair"], bare=True),
    Manager("pnpm", "pnpm/bin/pnpm.cjs", ["add", "wspair"]),
    Manager("Yarn 1", "yarn/bin/yarn.js", ["add", "wspair"]),
    Manager("Yarn 4", BERRY, ["add", "wspair"], configuration=MODULES),
    Manager("Yarn 4, Plug'n'Play", BERRY, ["add", "wspair"], [BERRY, "node"], YARN),
]


def install(manager: Manager, registry: str, folder: Path) -> str:
    """Adds the package to an empty project, from a registry that has nothing else, and runs a program there."""
    modules = once(pinned("managers", *PACKAGES), lambda root: succeed([need("npm"), "install", "--silent", *QUIET, "--prefix", str(root), *PACKAGES]))
    node = need("node")
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "project", "private": True}))
    for name, text in manager.configuration.items():
        (folder / name).write_text(text.replace("{registry}", registry))
    shutil.copy(PROGRAMS / "pair.mjs", folder)
    home = folder.with_name(f"{folder.name}-home")
    environment = {
        **bare(home),
        # For what the managers start in turn.
        "PATH": os.pathsep.join([str(home), str(Path(node).parent), "/usr/bin", "/bin"]),
        "npm_config_registry": registry,
        "npm_config_cache": str(home / "npm"),
        "YARN_ENABLE_IMMUTABLE_INSTALLS": "false",
        **({"WSPAIR_WASM": "1"} if manager.bare else {}),
    }

    def run(words: list[str]) -> str:
        program = str(modules / "node_modules" / words[0])
        command = [node, program] if words[0].endswith("js") else [need(words[0])]
        done = subprocess.run([*command, *words[1:]], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        if done.returncode != 0 or "wspair has no binary" in done.stderr:
            raise Failed(f"{manager.name}: {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout.strip()

    run([manager.program, *manager.add])
    return run([*manager.run, "pair.mjs"])

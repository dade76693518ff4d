"""The crates, as they are uploaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import version
from build import ROOT, TARGET, environment, run

CRATES = ["wspair", "wspair-tokio"]


def build(out: Path) -> None:
    print("dist: crates", flush=True)
    # Together: the second is checked against the first. Whether they build is make packages' to say.
    names = [word for crate in CRATES for word in ("-p", crate)]
    run(["cargo", "package", "--locked", "--no-verify", "--quiet", "--allow-dirty", *names], environment())
    for crate in CRATES:
        shutil.copy(TARGET / "package" / f"{crate}-{version.current(ROOT)}.crate", out)

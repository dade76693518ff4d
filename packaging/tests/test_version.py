"""The version stands in one place, and one command changes it wherever else it is written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(ROOT / "packaging" / "version.py")]
sys.path.insert(0, str(ROOT / "packaging"))

import version as tool  # noqa: E402

# Examples of a form, and the one heading of a release.
NOT_OURS = re.compile(r"as \"0\.1\.0\"|^## \[0\.1\.0\]", re.MULTILINE)


def files_of_the_repository() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def copied(names: Iterable[str], to: Path) -> Path:
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to / name)
    return to


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """All of the repository's files, without its history."""
    return copied(files_of_the_repository(), tmp_path)


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Only those that a new version changes."""
    install = tool.INSTALL.format(tool.interface(tool.current(ROOT)))
    return copied([*tool.PLACES, *tool.INTERFACE_PLACES, install, "CHANGELOG.md"], tmp_path)


def run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "WSPAIR_ROOT": str(root)}
    return subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True)


def mentions(root: Path, version: str) -> "set[str]":
    """Files that say a version as that of wspair: lockfiles and manifests name others' too."""
    ours = re.compile(rf'wspair[^\n]*\n?[^\n]*"{re.escape(version)}"|wspair (\(|v|@)?{re.escape(version)}', re.IGNORECASE)
    said = set()
    for name in files_of_the_repository():
        if not (root / name).is_file():
            continue
        # The history of what was released, and this.
        if name == "CHANGELOG.md" or name.startswith("packaging/"):
            continue
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        if name.endswith("debian/changelog"):
            text = text.partition("\n -- ")[0]
        if ours.search(NOT_OURS.sub("", text)):
            said.add(name)
    return said


def test_all_files_agree_on_the_version() -> None:
    done = run(ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == tool.current(ROOT)


def test_no_other_file_names_the_version() -> None:
    known = {*tool.PLACES}
    assert mentions(ROOT, tool.current(ROOT)) <= known


def test_a_new_version_stands_everywhere_and_the_old_one_nowhere(repository: Path) -> None:
    before = mentions(repository, tool.current(repository))
    old = tool.current(repository)
    done = run(repository, "7.8.9")
    assert done.returncode == 0, done.stderr
    assert run(repository).stdout.strip() == "7.8.9"
    assert mentions(repository, old) == set()
    assert mentions(repository, "7.8.9") >= before
    assert "#define WSPAIR_VERSION_NUM 0x070809\n" in (repository / "bindings-c/include/wspair.h").read_text()


def names_interface(root: Path, interface: str) -> "set[str]":
    """Files that say the version in the C library's soname, in text or name, but for history and examples of others."""
    ours = re.compile(rf"wspair(\.so\.| )?{re.escape(interface)}\b(?!\.\d)")
    listed = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    texts = {name: (root / name).read_text(errors="replace") for name in listed if not name.startswith("packaging/")}
    return {name for name, text in texts.items() if ours.search(name) or ours.search(text)}


@pytest.mark.parametrize("after", ["0.77.0", "1.0.0"])
def test_the_soname_and_what_is_called_by_it_follow(repository: Path, after: str) -> None:
    old = tool.interface(tool.current(repository))
    before = names_interface(repository, old)
    assert before >= {*tool.INTERFACE_PLACES}
    assert run(repository, after).returncode == 0
    assert names_interface(repository, old) == set()
    new = tool.interface(after)
    assert names_interface(repository, new) == {name.replace(f"wspair{old}", f"wspair{new}") for name in before}


def test_a_patch_leaves_the_soname(repository: Path) -> None:
    old = tool.interface(tool.current(repository))
    major, minor, patch = tool.parts(tool.current(repository))
    before = names_interface(repository, old)
    assert run(repository, f"{major}.{minor}.{patch + 1}").returncode == 0
    assert names_interface(repository, old) == before


def test_debian_gets_an_entry_of_its_own(repository: Path) -> None:
    changelog = repository / "bindings-c/debian/changelog"
    before = changelog.read_text()
    assert run(repository, "7.8.9").returncode == 0
    after = changelog.read_text()
    assert after.endswith("\n\n" + before)
    assert re.match(r"wspair \(7\.8\.9\) UNRELEASED; urgency=medium\n\n  \* .*\n\n -- .* <.*>  \w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000\n\n", after)


def test_cargo_takes_the_lockfile_as_it_is_then(repository: Path) -> None:
    assert run(repository, "7.8.9").returncode == 0
    command = ["cargo", "tree", "--locked", "--workspace", "--depth", "0", "--manifest-path", str(repository / "Cargo.toml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_was_unreleased_becomes_the_release(places: Path) -> None:
    text = (places / "CHANGELOG.md").read_text()
    unreleased = text.partition("## [Unreleased]\n")[2]
    assert run(places, "7.8.9").returncode == 0
    head, _, released = (places / "CHANGELOG.md").read_text().partition("\n## [7.8.9] - ")
    assert head.endswith("## [Unreleased]\n")
    date, _, rest = released.partition("\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)
    assert rest == unreleased


@pytest.mark.parametrize("wrong", ["1", "1.2", "v1.2.3", "1.2.3-rc.1", "latest", "0.0.0", ""])
def test_what_is_no_later_version_is_refused_and_changes_nothing(places: Path, wrong: str) -> None:
    before = {name: (places / name).read_bytes() for name in tool.PLACES}
    done = run(places, wrong)
    assert done.returncode != 0
    assert done.stderr.startswith("version: ")
    assert before == {name: (places / name).read_bytes() for name in tool.PLACES}


@pytest.mark.parametrize("name", ["bindings-node/package.json", "bindings-c/include/wspair.h", "fuzz/Cargo.lock"])
def test_a_file_that_disagrees_is_named(places: Path, name: str) -> None:
    file = places / name
    file.write_text(file.read_text().replace(f'"{tool.current(places)}"', '"0.0.9"'))
    done = run(places)
    assert done.returncode != 0
    assert f"version: {name}: " in done.stderr

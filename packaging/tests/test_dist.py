"""What make dist writes beside the packages, and what make dist-test takes for granted of their names."""

import argparse
import re
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import build  # noqa: E402
import checks  # noqa: E402
import dist  # noqa: E402
import dist_test  # noqa: E402
import repeat  # noqa: E402
import wheels  # noqa: E402

NAMES = [target.name for target in build.targets()]


def test_every_common_platform_is_a_target() -> None:
    linux = {f"linux-{cpu}-{libc}" for cpu in ("x64", "arm64") for libc in ("gnu", "musl")}
    assert set(NAMES) == linux | {f"{system}-{cpu}" for system in ("darwin", "win32") for cpu in ("x64", "arm64")}
    for target in build.targets():
        assert target.name.startswith(f"{target.os}-{target.cpu}")
        assert (target.libc is not None) == (target.os == "linux")
        assert (target.glibc is not None) == (target.libc == "glibc")
        assert (target.macos is not None) == (target.os == "darwin")


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("wspair-0.1.0.tgz", "main", None),
        ("wspair-0.1.0.tar.gz", "source", None),
        ("wspair-tokio-0.1.0.crate", "source", None),
        *((f"wspair-{name}-0.1.0.tgz", "npm", name) for name in NAMES),
        *((f"wspair-c-10.20.30-{name}.{'zip' if name.startswith('win') else 'tar.gz'}", "archive", name) for name in NAMES),
        ("wspair-0.1.0-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "wheel", "linux-x64-gnu"),
        ("wspair-0.1.0-cp39-cp39-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", "wheel", "linux-arm64-gnu"),
        ("wspair-0.1.0-cp314-cp314t-musllinux_1_2_aarch64.whl", "wheel", "linux-arm64-musl"),
        ("wspair-0.1.0-cp311-abi3-macosx_10_12_x86_64.whl", "wheel", "darwin-x64"),
        ("wspair-0.1.0-cp311-abi3-macosx_11_0_arm64.whl", "wheel", "darwin-arm64"),
        ("wspair-0.1.0-cp311-abi3-win_amd64.whl", "wheel", "win32-x64"),
        ("wspair-0.1.0-cp311-abi3-win_arm64.whl", "wheel", "win32-arm64"),
    ],
)
def test_a_package_is_known_by_its_name(name: str, kind: str, target: "str | None") -> None:
    assert dist_test.identity(name) == (kind, target)


def test_a_wheel_is_for_each_interpreter_that_takes_it() -> None:
    of = dist_test.interpreters
    assert of("wspair-0.1.0-cp311-abi3-win_amd64.whl") == ["3.11", "3.12", "3.13", "3.14"]
    assert of("wspair-0.1.0-cp39-cp39-win_amd64.whl") == ["3.9"]
    assert of("wspair-0.1.0-cp314-cp314t-win_amd64.whl") == ["3.14t"]
    assert wheels.VERSIONS[0] == "abi3"


def test_the_sums_are_of_every_package_and_a_changed_one_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wspair-0.1.0.tgz").write_bytes(b"a package")
    (tmp_path / "wspair-0.1.0.crate").write_bytes(b"a crate")
    dist.listed(tmp_path)
    dist.listed(tmp_path)
    assert [path.name for path in dist_test.sums(tmp_path)] == ["wspair-0.1.0.crate", "wspair-0.1.0.tgz"]
    assert re.search(r"^        9  wspair-0\.1\.0\.tgz$", (tmp_path / "LIST").read_text(), re.MULTILINE)
    (tmp_path / "wspair-0.1.0.tgz").write_bytes(b"a padlock")
    with pytest.raises(SystemExit, match="wspair-0.1.0.tgz is not what SHA256SUMS says"):
        dist_test.sums(tmp_path)


def test_platforms_are_added_to_those_of_the_same_commit_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "wspair-0.1.0.tgz"
    monkeypatch.setattr(dist, "commit", lambda: "a" * 40)
    package.write_bytes(b"")
    dist.listed(tmp_path)
    dist.prepare(tmp_path, add=True)
    assert package.exists()
    monkeypatch.setattr(dist, "commit", lambda: "b" * 40)
    with pytest.raises(SystemExit, match="not built from b"):
        dist.prepare(tmp_path, add=True)
    assert package.exists()
    dist.prepare(tmp_path, add=False)
    assert not package.exists()


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(SystemExit, match="no target linux-z80"):
        dist.chosen_targets(argparse.Namespace(targets="linux-x64-gnu,linux-z80", native=False))


def test_the_path_of_the_builder_is_found_in_a_file() -> None:
    assert checks.places_of_the_builder(f"panicked at {ROOT}/core/src/frame.rs".encode()) == [str(ROOT)]
    assert checks.places_of_the_builder(b"panicked at wspair/core/src/frame.rs") == []


def test_what_differs_between_two_builds_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, text in [("a", b"the one"), ("b", b"the two")]:
        (tmp_path / folder).mkdir()
        with zipfile.ZipFile(tmp_path / folder / "wspair.whl", "w") as archive:
            archive.writestr(zipfile.ZipInfo("same"), b"same")
            archive.writestr(zipfile.ZipInfo("different"), text)
    one, other = (repeat.contents(tmp_path / folder) for folder in "ab")
    assert one.keys() == other.keys() == {"wspair.whl"}
    assert one != other
    repeat.explain("wspair.whl", tmp_path / "a/wspair.whl", tmp_path / "b/wspair.whl")
    assert capsys.readouterr().out == "repeat: wspair.whl: different: 3 of 7 bytes\n"


def test_the_release_builds_and_tries_with_the_two_commands_alone() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    build_job = workflow.partition("  publish:")[0]
    commands = re.findall(r"(?:run:|&&|^) *(make [^\n\"$()]*|cargo [^\n]*|maturin[^\n]*|npm [^\n]*)", build_job, re.MULTILINE)
    assert [command.strip() for command in commands] == ["make dist", "make dist-test"]

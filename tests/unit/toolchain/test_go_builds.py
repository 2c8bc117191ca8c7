from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import PlaceProgram
from toolchain import go, go_builds
from toolchain.errors import ToolchainError
from toolchain.paths import GO_MODULES, cache_root
from toolchain.versions import accepts, pinned

HOST = go_builds.LANGUAGE_HOST


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the pinned modules that a test may change."""
    copied = tmp_path / "go"
    shutil.copytree(GO_MODULES, copied)
    monkeypatch.setattr(go_builds, "GO_MODULES", copied)
    return copied


def entries() -> list[Path]:
    return [path for path in cache_root().glob("tools/*/*") if path.is_dir()]


def test_a_fresh_clone_finds_what_another_built(modules: Path) -> None:
    copied = go_builds.place_of("pulumi-resource-docker")
    assert copied.is_relative_to(cache_root())
    assert copied == go_builds.place_of("pulumi-resource-docker")


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_a_change_of_what_is_compiled_is_another_entry(modules: Path, file: str) -> None:
    before = go_builds.place_of("pulumi-resource-docker")
    with (modules / "pulumi-resource-docker" / file).open("a") as changed:
        changed.write("// changed\n")
    assert go_builds.place_of("pulumi-resource-docker") != before


def test_a_build_without_network_says_so_and_leaves_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(accepts("go", go.go_version(path)) for path in go.find_present()):
        pytest.skip("no recent go on this machine to build with")
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(ToolchainError, match=r"pulumi-language-python: the build[\s\S]*GOPROXY=off[\s\S]*by hand"):
        go_builds.ensure_built(HOST, "the vendor cannot be reached")
    assert entries() == []
    assert list((cache_root() / "tmp").iterdir()) == []


def test_a_full_disk_during_a_build_is_named(program: PlaceProgram) -> None:
    program("go", 'case $1 in version) echo go version go1.26.8;; *) echo "no space left on device" >&2; exit 1;; esac')
    with pytest.raises(ToolchainError, match=r"no space left on device[\s\S]*make room"):
        go_builds.ensure_built(HOST, "the vendor cannot be reached")
    assert entries() == []


def test_after_a_failed_build_the_next_succeeds(program: PlaceProgram, tmp_path: Path) -> None:
    program("go", "[ $1 != version ] && exit 1; echo go version go1.26.8")
    with pytest.raises(ToolchainError):
        go_builds.ensure_built("pulumi", "the vendor cannot be reached")
    program("go", 'case $1 in version) echo go version go1.26.8;; build) echo x > "$3/pulumi";; esac')
    assert (go_builds.ensure_built("pulumi", "the vendor cannot be reached") / "bin" / "pulumi").exists()


def test_a_go_that_is_too_old_fetches_the_pinned_one(program: PlaceProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go, "OUTSIDE_PATH", ())
    program("go", '[ $1 = version ] && { echo go version go1.19.8; exit; }; echo "$4" >&2; exit 1')
    with pytest.raises(ToolchainError, match=rf"golang.org/toolchain@v0.0.1-go{pinned('go')}"):
        go.find_go()


def test_without_any_go_a_user_who_is_not_root_is_told_what_to_install(
    program: PlaceProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go, "OUTSIDE_PATH", ())
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ToolchainError, match="golang-go"):
        go.find_go()

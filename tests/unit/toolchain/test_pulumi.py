from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import PlaceProgram
from toolchain import environment, lookup, pulumi, vendor
from toolchain.errors import ToolchainError
from toolchain.versions import pinned

UNREACHABLE = "the vendor cannot be reached: no such host"


@pytest.fixture(autouse=True)
def locked_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """No vendor answers; what would be built is only noted."""
    built: list[str] = []
    monkeypatch.setattr(vendor, "unreachable", lambda: UNREACHABLE)
    monkeypatch.setattr(pulumi, "ensure_built", lambda tool, _reason: built.append(tool))
    monkeypatch.setattr(environment, "VENV_BIN", tmp_path / "nowhere")
    return built


def test_what_is_on_path_in_an_accepted_version_is_used(program: PlaceProgram, locked_down: list[str]) -> None:
    program("pulumi", f"echo v{pinned('pulumi')}")
    program("pulumi-language-python", "exit 0")
    pulumi.ensure_pulumi()
    assert locked_down == []


def test_an_older_one_on_path_is_not(program: PlaceProgram, locked_down: list[str]) -> None:
    program("pulumi", "echo v3.100.0")
    program("pulumi-language-python", "exit 0")
    pulumi.ensure_pulumi()
    assert locked_down == ["pulumi", "pulumi-language-python"]


def test_only_the_missing_language_host_is_built(program: PlaceProgram, locked_down: list[str]) -> None:
    program("pulumi", f"echo v{pinned('pulumi')}")
    pulumi.ensure_pulumi()
    assert locked_down == ["pulumi-language-python"]


def test_a_plugin_that_the_engine_itself_keeps_is_used(program: PlaceProgram, locked_down: list[str]) -> None:
    folder = environment.installed_plugin("docker")
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-docker").touch()
    pulumi.ensure_plugin("docker")
    assert locked_down == []


def test_a_plugin_that_can_neither_be_found_nor_installed_is_built(
    program: PlaceProgram, locked_down: list[str]
) -> None:
    pulumi.ensure_plugin("docker")
    assert locked_down == ["pulumi-resource-docker"]


def test_the_vendor_is_preferred_to_a_build(
    program: PlaceProgram, locked_down: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "unreachable", lambda: "")
    program("pulumi", f'mkdir -p "$PULUMI_HOME/plugins/resource-docker-v{pinned("plugin-docker")}"')
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")
    pulumi.ensure_plugin("docker")
    assert locked_down == []
    assert environment.installed_plugin("docker").is_dir()


def test_a_vendor_that_breaks_off_leaves_the_build(
    program: PlaceProgram, locked_down: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "unreachable", lambda: "")
    program("pulumi", 'echo "connection reset" >&2; exit 1')
    pulumi.ensure_plugin("docker")
    assert locked_down == ["pulumi-resource-docker"]


def test_a_program_that_says_no_version_is_not_accepted(program: PlaceProgram) -> None:
    program("pulumi", "exit 1")
    found = lookup.find_pulumi()
    assert found is not None
    assert not found.accepted


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = ToolchainError("tool: cannot be had", why="first\nsecond", by_hand="do this")
    assert str(error).splitlines() == [
        "tool: cannot be had",
        "  why:     first",
        "           second",
        "  by hand: do this",
    ]

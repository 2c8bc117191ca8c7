from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolchain import environment, go_builds
from toolchain.paths import VENV_BIN, cache_root, pulumi_home


def test_tools_of_the_cache_and_the_environment_come_before_the_inherited_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    built = go_builds.place_of("pulumi") / "bin"
    built.mkdir(parents=True)
    assert environment.tool_environment()["PATH"].split(os.pathsep) == [str(built), str(VENV_BIN), "/usr/bin", "/bin"]


def test_applying_it_twice_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    once = environment.tool_environment()
    for name, value in once.items():
        monkeypatch.setenv(name, value)
    assert environment.tool_environment() == once


def test_it_holds_no_variable_beyond_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a secret")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "another")
    found = environment.tool_environment()
    assert set(found) == {"PATH", "PULUMI_HOME", "PULUMI_SKIP_UPDATE_CHECK", "UV_PYTHON_DOWNLOADS"}


def test_a_relative_cache_folder_is_ignored_as_its_specification_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert cache_root() == Path.home() / ".cache" / "ainp"


def test_the_users_own_pulumi_home_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert pulumi_home() == cache_root() / "pulumi-home"
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    assert environment.tool_environment()["PULUMI_HOME"] == str(tmp_path)

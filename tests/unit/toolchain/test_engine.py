from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import PlaceProgram
from toolchain import daemon, engine
from toolchain.errors import ToolchainError

SILENT = 'echo "Cannot connect to the Docker daemon" >&2; exit 1'


def test_an_engine_that_answers_is_used(program: PlaceProgram, capsys: pytest.CaptureFixture[str]) -> None:
    program("docker", "echo 20.10.24+dfsg1")
    engine.ensure_engine()
    assert "20.10.24" in capsys.readouterr().out


def test_an_engine_that_is_too_old_is_refused(program: PlaceProgram) -> None:
    program("docker", "echo 19.3.1")
    with pytest.raises(ToolchainError, match=r"19\.3\.1"):
        engine.ensure_engine()


def test_a_user_who_is_not_permitted_is_told_how_to_be(program: PlaceProgram) -> None:
    program("docker", 'echo "dial unix /var/run/docker.sock: connect: permission denied" >&2; exit 1')
    with pytest.raises(ToolchainError, match="usermod -aG docker"):
        engine.ensure_engine()


def test_only_root_starts_an_engine(program: PlaceProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    program("docker", SILENT)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ToolchainError, match="only root can install and start the engine"):
        engine.ensure_engine()


def test_no_engine_is_started_here_while_another_is_chosen(
    program: PlaceProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("docker", SILENT)
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    with pytest.raises(ToolchainError, match=r"DOCKER_HOST is tcp://192\.0\.2\.1:2376"):
        engine.ensure_engine()


def test_an_engine_that_dies_as_it_starts_is_quoted(program: PlaceProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    program("docker", SILENT)
    program("dockerd", 'echo "failed to start daemon: no cgroups" >&2; exit 1')
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(engine, "SYSTEMD", Path("/nowhere"))
    monkeypatch.setattr(engine, "_has_control_groups", lambda: True)
    monkeypatch.setattr(daemon, "_started", [])
    with pytest.raises(ToolchainError, match="no cgroups"):
        engine.ensure_engine()


def test_a_pid_file_whose_number_went_to_another_process_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / "docker.pid"
    stale.write_text(str(os.getpid()))
    daemon.clear_stale_pid_file(stale, "dockerd")
    assert not stale.exists()


def test_the_pid_file_of_a_living_daemon_stays(tmp_path: Path) -> None:
    living = tmp_path / "daemon.pid"
    living.write_text(str(os.getpid()))
    name = Path("/proc/self/comm").read_text().strip()
    daemon.clear_stale_pid_file(living, name)
    assert living.exists()

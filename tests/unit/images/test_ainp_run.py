"""The two small programs that every image starts with, run as they are by this machine's sh."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "images" / "shared"
SECONDS = 10.0


def start(program: str, *command: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SHARED / program), *command],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


@pytest.mark.parametrize("code", [0, 1, 78])
def test_the_services_exit_code_is_kept(code: int) -> None:
    assert start("ainp-run", "sh", "-c", f"exit {code}").wait(SECONDS) == code


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_pre_stop_command_runs_before_the_service_is_told_to_end(tmp_path: Path, stop: signal.Signals) -> None:
    log = tmp_path / "log"
    service = f"trap 'echo service >>{log}; exit 5' TERM; : >{tmp_path}/up; while :; do sleep 0.05; done"
    running = start("ainp-run", "sh", "-c", service, AINP_PRE_STOP=f"kill -0 $AINP_PID && echo before >>{log}")
    wait_for(tmp_path / "up")
    running.send_signal(stop)
    assert running.wait(SECONDS) == 5
    assert log.read_text().split() == ["before", "service"]


def test_a_service_that_the_pre_stop_command_ended_keeps_its_code(tmp_path: Path) -> None:
    service = f"trap 'exit 6' USR2; : >{tmp_path}/up; while :; do sleep 0.05; done"
    running = start("ainp-run", "sh", "-c", service, AINP_PRE_STOP="kill -USR2 $AINP_PID; sleep 0.5")
    wait_for(tmp_path / "up")
    running.terminate()
    assert running.wait(SECONDS) == 6


def test_a_failed_pre_stop_command_is_said_and_does_not_keep_the_service(tmp_path: Path) -> None:
    running = start("ainp-run", "sh", "-c", f": >{tmp_path}/up; exec sleep 60", AINP_PRE_STOP="exit 3")
    wait_for(tmp_path / "up")
    running.terminate()
    _, errors = running.communicate(timeout=SECONDS)
    assert "the pre-stop command failed with code 3" in errors
    assert running.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("program", ["ainp-run", "ainp-job", "ainp-schedule"])
def test_no_command_is_refused_with_the_usage(program: str) -> None:
    running = start(program)
    _, errors = running.communicate(timeout=SECONDS)
    assert running.returncode == 64
    assert "usage:" in errors


def test_a_job_that_succeeded_says_so_and_stays_until_it_is_told_to_end(tmp_path: Path) -> None:
    running = start("ainp-job", "true", AINP_MARKER_DIR=str(tmp_path))
    wait_for(tmp_path / "succeeded")
    assert running.poll() is None
    running.terminate()
    assert running.wait(SECONDS) == 128 + signal.SIGTERM


def test_a_job_that_failed_ends_with_its_code_and_leaves_no_sign_of_an_earlier_success(tmp_path: Path) -> None:
    (tmp_path / "succeeded").touch()
    assert start("ainp-job", "sh", "-c", "exit 9", AINP_MARKER_DIR=str(tmp_path)).wait(SECONDS) == 9
    assert not (tmp_path / "succeeded").exists()


def test_a_job_ends_after_success_where_the_platform_knows_jobs(tmp_path: Path) -> None:
    assert start("ainp-job", "true", AINP_MARKER_DIR=str(tmp_path), AINP_JOB_EXIT="1").wait(SECONDS) == 0
    assert (tmp_path / "succeeded").exists()


def test_a_job_is_ended_while_it_works(tmp_path: Path) -> None:
    work = f": >{tmp_path}/up; exec sleep 60"
    running = start("ainp-job", "sh", "-c", work, AINP_MARKER_DIR=str(tmp_path))
    wait_for(tmp_path / "up")
    running.terminate()
    assert running.wait(SECONDS) == 128 + signal.SIGTERM
    assert not (tmp_path / "succeeded").exists()


def fake_supercronic(folder: Path, code: int) -> str:
    """Stands in for the clock: prints the crontab that it was given and accepts it with `code`."""
    program = folder / "supercronic"
    program.write_text(f'#!/bin/sh\n[ "$1" = -test ] && exit {code}\ncat "$2"\n')
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_schedule_keeps_every_word_of_its_command_as_it_is(tmp_path: Path) -> None:
    awkward = ["it's", "$HOME", "two words", "a;b"]
    path = fake_supercronic(tmp_path, 0)
    command = ["17 * * * *", "printf", "%s\\n", *awkward]
    running = start("ainp-schedule", *command, AINP_MARKER_DIR=str(tmp_path), PATH=path)
    crontab, errors = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, errors
    assert crontab.startswith("17 * * * * ")
    line = crontab.removeprefix("17 * * * * ")
    printed = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == awkward
    assert (tmp_path / "scheduled").exists()


def test_a_schedule_with_a_bad_expression_fails_and_is_never_healthy(tmp_path: Path) -> None:
    path = fake_supercronic(tmp_path, 1)
    running = start("ainp-schedule", "often", "true", AINP_MARKER_DIR=str(tmp_path), PATH=path)
    _, errors = running.communicate(timeout=SECONDS)
    assert running.returncode == 65
    assert "'often' is no cron expression" in errors
    assert not (tmp_path / "scheduled").exists()

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from ops import run_lock
from ops.errors import OperatorError
from ops.stack import Stack


def silent(_: str) -> None:
    pass


def test_a_second_command_is_told_which_process_is_at_work(tmp_path: Path) -> None:
    stack = Stack("dev", tmp_path)
    with (
        run_lock.exclusive(stack, "up", silent),
        pytest.raises(OperatorError, match=rf"process {os.getpid()} \(`ainp up`\) is changing it"),
        run_lock.exclusive(stack, "down", silent),
    ):
        pass


def test_the_lock_is_free_again_after_a_fault(tmp_path: Path) -> None:
    stack = Stack("dev", tmp_path)
    with pytest.raises(ZeroDivisionError), run_lock.exclusive(stack, "up", silent):
        raise ZeroDivisionError
    with run_lock.exclusive(stack, "up", silent):
        pass


def test_two_stacks_do_not_wait_for_one_another(tmp_path: Path) -> None:
    with (
        run_lock.exclusive(Stack("dev", tmp_path), "up", silent),
        run_lock.exclusive(Stack("t-other", tmp_path), "up", silent),
    ):
        pass


def killed_run(stack: Stack) -> None:
    """Leave the lock file as an `ainp` leaves it that was killed: with its entry, and free."""
    stack.make_folders()
    stack.lock_file.write_text("4194303 cafe up")


def test_an_engine_that_outlives_its_command_is_waited_for_and_its_plugins_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "ENGINE_NAME", "sleep")
    stack = Stack("dev", tmp_path)
    killed_run(stack)
    environment = {**os.environ, run_lock.MARK: "cafe"}
    said: list[str] = []
    with (
        subprocess.Popen(["sleep", "0.6"], env=environment) as engine,
        subprocess.Popen(["tail", "-f", "/dev/null"], env=environment) as plugin,
        subprocess.Popen(["tail", "-f", "/dev/null"], env={**environment, run_lock.MARK: "other"}) as foreign,
    ):
        reaper = threading.Thread(target=engine.wait)
        reaper.start()
        with run_lock.exclusive(stack, "up", said.append):
            assert engine.poll() == 0
        assert plugin.wait(5) == -signal.SIGKILL
        assert foreign.poll() is None
        foreign.kill()
        reaper.join()
    assert said == ["waiting for the engine of a killed run to stop", "repaired: ended tail, which a killed run left"]


def test_an_engine_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "ENGINE_NAME", "sleep")
    monkeypatch.setattr(run_lock, "ORPHAN_SECONDS", 0.1)
    stack = Stack("dev", tmp_path)
    killed_run(stack)
    with subprocess.Popen(["sleep", "30"], env={**os.environ, run_lock.MARK: "cafe"}) as engine:
        refused = pytest.raises(OperatorError, match=f"process {engine.pid}, the engine of a killed run")
        with refused, run_lock.exclusive(stack, "up", silent):
            pass
        engine.kill()


def test_the_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    stack = Stack("dev", tmp_path)
    with run_lock.exclusive(stack, "up", silent):
        modes = {path.stat().st_mode & 0o077 for path in [stack.state_folder, *stack.state_folder.rglob("*")]}
    assert modes == {0}

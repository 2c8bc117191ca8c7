import fcntl
import os
import subprocess
import sys
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


def test_an_engine_that_outlives_its_command_is_waited_for(tmp_path: Path) -> None:
    stack = Stack("dev", tmp_path)
    stack.make_folders()
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True)
    stack.lock_file.write_text(f"{dead.stdout.decode().strip()} up\n")
    said: list[str] = []
    with stack.lock_file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        engine = subprocess.Popen(["sleep", "0.6"], pass_fds=(held.fileno(),))
    with run_lock.exclusive(stack, "up", said.append):
        assert engine.poll() is not None or engine.wait(1) == 0
    assert said == ["waiting for the engine of a killed run to stop"]


def test_the_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    stack = Stack("dev", tmp_path)
    with run_lock.exclusive(stack, "up", silent):
        modes = {path.stat().st_mode & 0o077 for path in [stack.state_folder, *stack.state_folder.rglob("*")]}
    assert modes == {0}


def test_a_process_that_only_waits_to_be_reaped_is_dead() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not run_lock.is_alive(child.pid)
    child.wait()
    assert run_lock.is_alive(os.getpid())

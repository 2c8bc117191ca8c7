import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ops import processes
from ops.errors import OperatorError

ENGINE = """
import signal, sys, time
def stop(*_):
    print("stopping cleanly", flush=True)
    sys.exit(3)
signal.signal(signal.SIGINT, stop)
print("working", flush=True)
time.sleep(30)
"""


def run(code: str, on_line: object, tmp_path: Path) -> int:
    return processes.stream(
        [sys.executable, "-c", code], on_line, environment=os.environ, folder=tmp_path,  # type: ignore[arg-type]
        errors=tmp_path / "errors",
    )  # fmt: skip


def test_lines_come_as_they_are_printed_and_errors_go_to_their_file(tmp_path: Path) -> None:
    lines: list[str] = []
    code = run("import sys; print('one'); print('two'); sys.exit('bad')", lines.append, tmp_path)
    assert (lines, code) == (["one\n", "two\n"], 1)
    assert (tmp_path / "errors").read_text() == "bad\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_engine_cleanly_and_is_reported(tmp_path: Path, number: signal.Signals) -> None:
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "working\n":
            os.kill(os.getpid(), number)

    with pytest.raises(OperatorError, match="interrupted") as interrupted:
        run(ENGINE, on_line, tmp_path)
    assert lines == ["working\n", "stopping cleanly\n"]
    assert interrupted.value.exit_code == 130


def test_handlers_are_as_before_afterwards(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    run("pass", print, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_the_engine_is_told_when_its_command_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "said"
    engine = ENGINE.replace("sys.exit(3)", f'open({str(said)!r}, "w").close(); sys.exit(3)')
    parent = textwrap.dedent(f"""
        import sys, os
        from pathlib import Path
        from ops import processes
        processes.stream([sys.executable, "-c", {engine!r}], lambda line: print(line, flush=True),
            environment=os.environ, folder=Path("."), errors=Path({str(tmp_path / "errors")!r}))
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "working\n"
        command.kill()
    deadline = time.monotonic() + 10
    while not said.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert said.exists()


def test_a_process_that_only_waits_to_be_reaped_is_dead() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(child.pid)
    child.wait()
    assert processes.is_alive(os.getpid())


def test_processes_are_found_by_the_variable_that_they_inherited() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 30; :"], env={**os.environ, "AINP_RUN": "t-unit"}) as child:
        deadline = time.monotonic() + 5
        while len(found := processes.marked("AINP_RUN", "t-unit")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sorted(found.values()) == ["sh", "sleep"]
        processes.end([*found, 4194303])
        assert child.wait(5) == -signal.SIGKILL

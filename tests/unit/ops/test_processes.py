import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
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


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    with (tmp_path / "lock").open("w") as file:
        yield file.fileno()


def run(code: str, on_line: object, tmp_path: Path, held: int) -> int:
    return processes.stream(
        [sys.executable, "-c", code], on_line, environment=os.environ, folder=tmp_path,  # type: ignore[arg-type]
        errors=tmp_path / "errors", keep_open=held,
    )  # fmt: skip


def test_lines_come_as_they_are_printed_and_errors_go_to_their_file(tmp_path: Path, held: int) -> None:
    lines: list[str] = []
    code = run("import sys; print('one'); print('two'); sys.exit('bad')", lines.append, tmp_path, held)
    assert (lines, code) == (["one\n", "two\n"], 1)
    assert (tmp_path / "errors").read_text() == "bad\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_engine_cleanly_and_is_reported(tmp_path: Path, held: int, number: signal.Signals) -> None:
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "working\n":
            os.kill(os.getpid(), number)

    with pytest.raises(OperatorError, match="interrupted") as interrupted:
        run(ENGINE, on_line, tmp_path, held)
    assert lines == ["working\n", "stopping cleanly\n"]
    assert interrupted.value.exit_code == 130


def test_handlers_are_as_before_afterwards(tmp_path: Path, held: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    run("pass", print, tmp_path, held)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_the_engine_is_told_when_its_command_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "said"
    engine = ENGINE.replace('print("stopping cleanly", flush=True)', f'open({str(said)!r}, "w").close()')
    parent = textwrap.dedent(f"""
        import sys, os
        from pathlib import Path
        from ops import processes
        processes.stream([sys.executable, "-c", {engine!r}], lambda line: print(line, flush=True),
            environment=os.environ, folder=Path("."), errors=Path({str(tmp_path / "errors")!r}), keep_open=1)
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "working\n"
        command.kill()
    deadline = time.monotonic() + 10
    while not said.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert said.exists()

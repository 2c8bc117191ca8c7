"""Child processes that outlive neither their purpose nor their parent.

The engine runs in a session of its own, so that Ctrl-C reaches it exactly once: from here, after which it stops
cleanly and saves its state. When the parent dies without a word (SIGKILL), Linux sends the engine the same signal.
What a dead engine left running is found by a variable that all its processes have inherited.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ops.errors import INTERRUPTED, OperatorError

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""
POLL_SECONDS = 0.05
CHUNK = 1 << 16
DEAD_STATES = "ZX"
"""Zombie and dead, as /proc shows them."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    environment: Mapping[str, str],
    folder: Path,
    errors: Path,
) -> int:
    """Run `command`, hand every line that it prints to `on_line`, and return its exit code.

    Its error output goes to the file `errors`. SIGINT, SIGTERM and SIGHUP reach it as SIGINT: the first ends it
    cleanly, a second at once.

    Raises:
        OperatorError: it was interrupted; raised after it has ended.
    """
    # a file without a name and no pipe: who outlives us must be able to go on printing to save what it did
    with errors.open("w") as error_output, tempfile.TemporaryFile("w+", dir=errors.parent) as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=error_output,
            start_new_session=True,
            preexec_fn=_end_with_parent(),  # noqa: PLW1509 - one system call, and no thread has been started
        )  # fmt: skip
        with _passed_on(process) as received:
            for line in _follow(output.fileno(), process):
                on_line(line)
            code = process.wait()
    if received:
        raise OperatorError(
            "interrupted", remedy="run the command again: it repairs what was left half-made", exit_code=INTERRUPTED
        )
    return code


def marked(variable: str, value: str) -> dict[int, str]:
    """Return the living processes that were started with `variable` set to `value`: process id -> name.

    Empty where the kernel does not tell (no /proc).
    """
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or another user's
            if f"{variable}={value}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "comm").read_text().strip()
    return {pid: name for pid, name in found.items() if is_alive(pid)}


def end(pids: Iterable[int]) -> None:
    """End processes at once; one that has ended already is no fault."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether a process with this id runs, whoever's it is; one that only waits to be reaped does not."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in DEAD_STATES:
            return False
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _follow(descriptor: int, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield whole lines of the file that `process` writes, until it has ended."""
    rest, offset = b"", 0
    while True:
        ended = process.poll() is not None  # asked before reading: what it printed last is not missed
        while chunk := os.pread(descriptor, CHUNK, offset):
            offset += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") + "\n" for line in lines)
        if ended:
            return
        time.sleep(POLL_SECONDS)


def _end_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it died before the call
            os.kill(os.getpid(), signal.SIGINT)

    return arrange


@contextlib.contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Pass signals on to `process`; yields the list of those that came."""
    received: list[int] = []

    def pass_on(number: int, _: object) -> None:
        received.append(number)
        process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

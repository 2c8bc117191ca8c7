"""Child processes that outlive neither their purpose nor their parent.

The engine runs in a session of its own, so that Ctrl-C reaches it exactly once: from here, after which it stops
cleanly and saves its state. When the parent dies without a word (SIGKILL), Linux sends the engine the same signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ops.errors import INTERRUPTED, OperatorError

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    environment: Mapping[str, str],
    folder: Path,
    errors: Path,
    keep_open: int,
) -> int:
    """Run `command`, hand every line that it prints to `on_line`, and return its exit code.

    Its error output goes to the file `errors`. `keep_open` is a file descriptor that it inherits: a lock that holds as
    long as either of us lives. SIGINT, SIGTERM and SIGHUP reach it as SIGINT: the first ends it cleanly, a second at
    once.

    Raises:
        OperatorError: it was interrupted; raised after it has ended.
    """
    with errors.open("w") as error_output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=error_output, text=True, start_new_session=True, pass_fds=(keep_open,),
            preexec_fn=_end_with_parent(),  # noqa: PLW1509 - one system call, and no thread has been started
        )  # fmt: skip
        assert process.stdout is not None
        with _passed_on(process) as received:
            for line in process.stdout:
                on_line(line)
            code = process.wait()
    if received:
        raise OperatorError(
            "interrupted", remedy="run the command again: it repairs what was left half-made", exit_code=INTERRUPTED
        )
    return code


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
def _passed_on(process: subprocess.Popen[str]) -> Iterator[list[int]]:
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

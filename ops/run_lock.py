"""One command at a time may change a stack; the second is told which process the first one is.

The lock is the kernel's (flock): it is gone with its holder, however that ends. The engine inherits it, so that it
also holds while an engine finishes whose `ainp` was killed; the next command waits for that one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ops.errors import OperatorError
from ops.stack import Stack

ORPHAN_SECONDS = 180
"""How long an engine may take to end after its `ainp` was killed: the longest wait for a replica's health, and more."""
POLL_SECONDS = 0.25
DEAD_STATES = "ZX"
"""Zombie and dead, as /proc shows them."""


@contextlib.contextmanager
def exclusive(stack: Stack, command: str, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the stack while the body runs; yields the file descriptor that children inherit to hold it too.

    Raises:
        OperatorError: another command is at it.
    """
    stack.make_folders()
    descriptor = os.open(stack.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(stack, descriptor, say)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {command}\n".encode(), 0)
        try:
            yield descriptor
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


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


def _acquire(stack: Stack, descriptor: int, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + ORPHAN_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, command = _holder(descriptor)
            if pid and is_alive(pid):
                raise OperatorError(
                    f"stack {stack.name}: process {pid} (`ainp {command}`) is changing it",
                    remedy="wait until it has ended; `ainp status` shows how far it is",
                ) from None
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"stack {stack.name}: an engine whose `ainp` was killed still runs after {ORPHAN_SECONDS} s",
                    remedy="look for it with `pgrep -a pulumi`, end it, and run the command again",
                ) from None
            if not told:
                say("waiting for the engine of a killed run to stop")
                told = True
            time.sleep(POLL_SECONDS)
        else:
            return


def _holder(descriptor: int) -> tuple[int, str]:
    pid, _, command = os.pread(descriptor, 200, 0).decode().strip().partition(" ")
    return (int(pid), command) if pid.isdigit() else (0, "")

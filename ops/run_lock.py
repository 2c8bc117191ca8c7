"""One command at a time may change a stack; the second is told which process the first one is.

The lock is the kernel's (flock): it is gone with its holder, however that ends. The file also holds the mark that the
holder's engine and its plugins bear: an engine that outlives its `ainp` is waited for, and plugins that outlive their
engine are ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ops.errors import OperatorError
from ops.processes import end, marked
from ops.stack import Stack

ORPHAN_SECONDS = 180
"""How long an engine may take to end after its `ainp` was killed: the longest wait for a replica's health, and more."""
POLL_SECONDS = 0.25
ENTRY_BYTES = 200
ENGINE_NAME = "pulumi"
MARK = "AINP_RUN"
"""The variable that an engine and its plugins bear, so that they are known when nobody is left to end them."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a stack: its process, the mark of what it starts, and what it does."""

    pid: int
    mark: str
    command: str


@contextlib.contextmanager
def exclusive(stack: Stack, command: str, say: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """Hold the stack while the body runs; yields the variable with which it must start its engine.

    Raises:
        OperatorError: another command is at it, or the engine of a killed one does not end.
    """
    stack.make_folders()
    descriptor = os.open(stack.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(stack, _read(descriptor)) from None
        if before := _read(descriptor):
            _end_leftovers(stack, before.mark, say)
        holder = Holder(os.getpid(), secrets.token_hex(8), command)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, " ".join((str(holder.pid), holder.mark, holder.command)).encode(), 0)
        try:
            yield {MARK: holder.mark}
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _end_leftovers(stack: Stack, mark: str, say: Callable[[str], None]) -> None:
    """Wait until the engine of a killed run has ended, and end what it leaves."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    told = False
    while engines := [pid for pid, name in marked(MARK, mark).items() if name == ENGINE_NAME]:
        if not told:
            say("waiting for the engine of a killed run to stop")
            told = True
        if time.monotonic() > deadline:
            raise OperatorError(
                f"stack {stack.name}: process {engines[0]}, the engine of a killed run, still works after "
                f"{ORPHAN_SECONDS} s",
                remedy="look at it with `ps`, end it, and run the command again",
            )
        time.sleep(POLL_SECONDS)
    left = marked(MARK, mark)
    end(left)
    for name in sorted(set(left.values())):
        say(f"repaired: ended {name}, which a killed run left")


def _refusal(stack: Stack, holder: Holder | None) -> OperatorError:
    who = f"process {holder.pid} (`ainp {holder.command}`)" if holder else "another `ainp`"
    return OperatorError(
        f"stack {stack.name}: {who} is changing it",
        remedy="wait until it has ended; `ainp status` shows how far it is",
    )


def _read(descriptor: int) -> Holder | None:
    pid, _, rest = os.pread(descriptor, ENTRY_BYTES, 0).decode().strip().partition(" ")
    mark, _, command = rest.partition(" ")
    return Holder(int(pid), mark, command) if pid.isdigit() and mark else None

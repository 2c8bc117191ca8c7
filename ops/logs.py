"""`ainp logs`: what the replicas of a stack print, each line marked with its replica where there are several."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from ops.errors import OperatorError
from ops.runtime import Replica, Runtime
from ops.stack import Stack

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def choose(stack: Stack, found: Sequence[Replica], service: str | None) -> list[Replica]:
    """Return the replicas of `service`, or all.

    Raises:
        OperatorError: the stack has no such service, or nothing at all.
    """
    if not found:
        raise OperatorError(f"stack {stack.name}: nothing runs", remedy=f"`ainp up --stack {stack.name}` brings it up")
    chosen = [replica for replica in found if service in {None, replica.service, replica.name}]
    if not chosen:
        known = ", ".join(sorted({replica.service for replica in found}))
        raise OperatorError(f"stack {stack.name}: no service {service!r}", remedy=f"it has: {known}")
    return chosen


def show(
    replicas: Sequence[Replica], runtime: Runtime, console: Console, *, follow: bool, tail: str,
    environment: Mapping[str, str],
) -> None:  # fmt: skip
    """Print the logs of `replicas`; with `follow` all at once, until interrupted, else one after the other."""
    with contextlib.ExitStack() as running:
        printing = []
        for number, replica in enumerate(replicas):
            command = runtime.log_command(replica, follow=follow, tail=tail)
            process = running.enter_context(_started(command, environment))
            mark = Text(f"{replica.name} | " if len(replicas) > 1 else "", style=COLOURS[number % len(COLOURS)])
            printing.append(threading.Thread(target=_print, args=(console, mark, process), daemon=True))
            printing[-1].start()
            if not follow:
                printing[-1].join()
        for thread in printing:
            thread.join()


@contextlib.contextmanager
def _started(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command that ends with us, also when we are told to (SIGTERM)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _print(console: Console, mark: Text, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        console.print(mark.copy().append(line.rstrip("\n"), style="default"), soft_wrap=True)

"""`ainp logs`: what the replicas of a stack print, each line marked with its replica where there are several."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO

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
    """Print the logs of `replicas`; with `follow` until interrupted. Without it one after the other."""
    commands = {replica: runtime.log_command(replica, follow=follow, tail=tail) for replica in replicas}
    if len(replicas) == 1:
        subprocess.run(commands[replicas[0]], env=environment, stderr=subprocess.STDOUT, check=False)
        return
    if not follow:
        for number, (replica, command) in enumerate(commands.items()):
            _print(console, number, replica, _start(command, environment))
        return
    threads = [
        threading.Thread(target=_print, args=(console, number, replica, _start(command, environment)), daemon=True)
        for number, (replica, command) in enumerate(commands.items())
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace",
    )  # fmt: skip


def _print(console: Console, number: int, replica: Replica, process: subprocess.Popen[str]) -> None:
    output: IO[str] | None = process.stdout
    assert output is not None
    for line in output:
        mark = Text(f"{replica.name} | ", style=COLOURS[number % len(COLOURS)])
        console.print(mark.append(line.rstrip("\n"), style="default"), soft_wrap=True)
    process.wait()

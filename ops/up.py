"""`ainp up`: from whatever is there to the stack that the settings describe, all healthy."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from ops import environment, preflight, run_lock, stack_settings, status
from ops.docker_runtime import DockerRuntime
from ops.engine import Engine
from ops.errors import OperatorError
from ops.events import CONTAINER_TYPE
from ops.progress import Progress
from ops.repair import repair
from ops.runtime import Replica, Runtime
from ops.stack import Stack

LOG_LINES = "30"


def up(stack: Stack, console: Console) -> None:
    """Bring `stack` up and show what runs.

    Raises:
        OperatorError: a setting, the machine or another run is in the way, or the update failed.
    """
    with run_lock.exclusive(stack, "up", lambda text: console.print(f"  {text}")) as mark:
        settings = stack_settings.load(stack.name, stack.settings_file)
        engine = Engine(stack)
        runtime: Runtime = DockerRuntime(engine.environment)
        for warning in preflight.check(stack.name, settings, runtime):
            console.print(Text(f"  ! {warning}", style="yellow"))
        for done in repair(engine, runtime):
            console.print(f"  repaired: {done}", highlight=False)
        run(engine, runtime, console, "up", "--refresh=true", mark=mark)
        # a rotated CA must reach the clients that read $AINP_CA_FILE
        environment.client_variables(stack, engine.outputs())
    console.print()
    console.print(status.table(stack.name, runtime.replicas(stack.name)))


def run(engine: Engine, runtime: Runtime, console: Console, *arguments: str, mark: Mapping[str, str]) -> None:
    """Run an updating command of the engine with its progress shown.

    Raises:
        OperatorError: it failed; says why, and what a failed container printed.
    """
    with Progress(console) as progress:
        succeeded = engine.watch(*arguments, on_event=progress.show, mark=mark)
    if succeeded:
        if progress.summary:
            console.print(_summary(progress), highlight=False)
        return
    for step in progress.failed:
        if step.type == CONTAINER_TYPE and step.resource_id:
            _show_log(engine, runtime, console, step.resource_id)
    log = engine.log.relative_to(engine.stack.root)
    raise OperatorError(progress.explanation() or f"pulumi {arguments[0]} failed", remedy=f"all that happened: {log}")


def _summary(progress: Progress) -> str:
    assert progress.summary is not None
    changes = {kind: count for kind, count in progress.summary.changes.items() if kind != "same"}
    words = ", ".join(f"{count} {kind}" for kind, count in sorted(changes.items())) or "no change"
    return f"  {words}, {progress.summary.seconds} s"


def _show_log(engine: Engine, runtime: Runtime, console: Console, container: str) -> None:
    everything = [*runtime.replicas(engine.stack.name), *runtime.carriers(engine.stack.name)]
    replica: Replica | None = next((each for each in everything if each.id == container), None)
    if replica is None:
        return
    printed = subprocess.run(
        runtime.log_command(replica, follow=False, tail=LOG_LINES), env=engine.environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    console.print(Panel(Text(printed or "(it printed nothing)"), title=f"log of {replica.name}", title_align="left"))

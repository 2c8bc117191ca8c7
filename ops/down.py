"""`ainp down` and `ainp reset`: taking a stack away, and what of it survives.

Down without volumes keeps data volumes and, in the state, the keys and certificates that the data belongs to: the next
`up` goes on where the stack stopped. Reset works by labels, so it also ends a stack whose state is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from config import topology
from ops import run_lock
from ops.docker_runtime import DockerRuntime
from ops.engine import Engine
from ops.repair import repair
from ops.runtime import Runtime
from ops.stack import Stack
from ops.up import run

VOLUME_TYPE = "docker:index/volume:Volume"
SECRET_TYPE = "pulumi:index:Stash"  # noqa: S105 - the type of a resource


def surviving(deployment: Mapping[str, Any]) -> dict[str, str]:
    """Return what `down` keeps without `--volumes`: address of the resource -> name of the volume, or nothing."""
    kept: dict[str, str] = {}
    for resource in deployment["deployment"].get("resources") or []:
        if resource["type"] == SECRET_TYPE:
            kept[resource["urn"]] = ""
        elif resource["type"] == VOLUME_TYPE and _kind(resource) == topology.KIND_DATA:
            kept[resource["urn"]] = resource["id"]
    return kept


def down(stack: Stack, console: Console, *, volumes: bool) -> None:
    """Stop and remove the stack; with `volumes` its data, keys and certificates too.

    Raises:
        OperatorError: another run is in the way, data is protected, or the engine failed.
    """
    with run_lock.exclusive(stack, "down", lambda text: console.print(f"  {text}")) as mark:
        engine = Engine(stack)
        runtime: Runtime = DockerRuntime(engine.environment)
        runtime.machine()
        for done in repair(engine, runtime):
            console.print(f"  repaired: {done}")
        deployment = engine.export() or {"deployment": {}}
        kept = {} if volumes else surviving(deployment)
        excluded = [part for urn in kept for part in ("--exclude", urn)]
        run(engine, runtime, console, "destroy", "--refresh=true", *excluded, mark=mark)
        if not volumes:
            _report(stack, console, [name for name in kept.values() if name])


def reset(stack: Stack, console: Console) -> None:
    """Remove everything that bears the stack's label, and its state.

    Raises:
        OperatorError: another run is in the way.
    """
    with run_lock.exclusive(stack, "reset", lambda text: console.print(f"  {text}")):
        engine = Engine(stack)
        runtime: Runtime = DockerRuntime(engine.environment)
        replicas = [*runtime.replicas(stack.name), *runtime.carriers(stack.name)]
        networks = [network for network in runtime.networks() if network.stack == stack.name]
        found = runtime.volumes(stack.name)
        runtime.remove(
            replicas=[each.id for each in replicas],
            networks=[each.id for each in networks],
            volumes=[each.name for each in found],
        )
        names = [each.name for each in replicas] + [each.name for each in networks] + [each.name for each in found]
        for name in names:
            console.print(f"  removed {name}")
        if engine.export() is not None:
            engine.run("cancel", stack.name, "--yes")
            engine.run("stack", "rm", stack.name, "--yes", "--force", "--preserve-config")
            console.print("  removed the state")
        stack.ca_file.unlink(missing_ok=True)


def would_reset(stack: Stack) -> list[str]:
    """Return what `reset` would delete for good, a line for each.

    Raises:
        OperatorError: Docker does not answer.
    """
    engine = Engine(stack)
    runtime: Runtime = DockerRuntime(engine.environment)
    lines = [f"volume {each.name}" for each in runtime.volumes(stack.name) if each.kind == topology.KIND_DATA]
    count = len(runtime.replicas(stack.name)) + len(runtime.carriers(stack.name))
    lines += [f"{count} containers"] if count else []
    if engine.export() is not None:
        lines.append("the state, with all keys and certificates")
    return lines


def _kind(resource: Mapping[str, Any]) -> str:
    pairs = resource.get("inputs", {}).get("labels") or []
    return next((pair["value"] for pair in pairs if pair["label"] == topology.LABEL_KIND), "")


def _report(stack: Stack, console: Console, names: list[str]) -> None:
    if not names:
        return
    console.print(
        f"kept: {', '.join(names)}, and the keys that the data belongs to\n"
        f"  `ainp up --stack {stack.name}` goes on with them; `ainp down --volumes --stack {stack.name}` deletes them"
    )

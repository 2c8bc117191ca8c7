"""Puts right what an interrupted run left, so that the next `up` starts from a state that is true.

Three things can be left: locks and half-written files in the backend (`ops.file_backend`); operations that were begun
and of which the state does not know the end; containers and networks that were made and that the state does not know.
Data volumes are never touched. Where volumes exist that another state made, this state may be the wrong one: then
nothing is removed, and the run is refused in the program's own words (`components.docker.ownership`), before any image
is built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config import topology
from ops import file_backend
from ops.engine import Engine
from ops.environment import BACKEND
from ops.errors import OperatorError
from ops.runtime import STOPPED, Runtime

MADE_BY_THE_PROGRAM = (topology.KIND_WORKLOAD, topology.KIND_JOB, topology.KIND_SCHEDULE, topology.KIND_FILES)
IDENTITY = "state-identity"
"""Name of the resource that keeps it (`components.docker.ownership`)."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """What bears the stack's label and is in no state: ids of replicas and networks, names of volumes."""

    replicas: dict[str, str]
    networks: dict[str, str]
    volumes: tuple[str, ...]


def repair(engine: Engine, runtime: Runtime) -> Iterator[str]:
    """Repair what is left; yields what was done, in words.

    Raises:
        OperatorError: a living process holds the backend's lock, or the data is another state's.
    """
    if folder := file_backend.folder_of(engine.environment[BACKEND]):
        yield from file_backend.release_dead_locks(engine.stack.name, folder)
        yield from file_backend.drop_half_written(engine.stack.name, folder)
    deployment = engine.export()
    if deployment is None:
        engine.create_stack()
    elif pending := deployment["deployment"].get("pending_operations") or []:
        deployment["deployment"]["pending_operations"] = []
        engine.replace_deployment(deployment)
        for operation in pending:
            yield f"was interrupted while {operation['type']} {operation['resource']['urn'].rpartition('::')[2]}"
    yield from _remove_orphans(engine, runtime, deployment)


def orphans(stack: str, runtime: Runtime, known: Collection[str], identity: Callable[[], str]) -> Orphans:
    """Return what the state does not know (`known`: ids of its resources).

    Raises:
        OperatorError: a data volume bears another identity than the state's, so the state may be the wrong one.
    """
    volumes = [each for each in runtime.volumes(stack) if each.name not in known]
    if data := {each.name: each.state for each in volumes if each.kind == topology.KIND_DATA}:
        _refuse_foreign(stack, identity(), data)
    containers = [
        each
        for each in (*runtime.replicas(stack), *runtime.carriers(stack))
        # others are on an errand of an operator, and end by themselves
        if each.kind in MADE_BY_THE_PROGRAM or each.health.startswith(STOPPED)
    ]
    return Orphans(
        replicas={each.id: each.name for each in containers if each.id not in known},
        networks={each.id: each.name for each in runtime.networks() if each.stack == stack and each.id not in known},
        volumes=tuple(each.name for each in volumes if each.kind == topology.KIND_FILES),
    )


def identity_in(deployment: Mapping[str, Any] | None) -> str:
    """Return the state's identity from an export with secrets; empty when it has none."""
    for resource in _resources(deployment):
        if resource["urn"].endswith(f"::{IDENTITY}"):
            kept = resource.get("outputs", {}).get("output", "")
            return str(json.loads(kept["plaintext"]) if isinstance(kept, dict) else kept)
    return ""


def _remove_orphans(engine: Engine, runtime: Runtime, deployment: Mapping[str, Any] | None) -> Iterator[str]:
    known = {resource.get("id", "") for resource in _resources(deployment)}
    found = orphans(
        engine.stack.name, runtime, known, lambda: identity_in(engine.export(show_secrets=True) if deployment else None)
    )
    runtime.remove(replicas=list(found.replicas), networks=list(found.networks), volumes=found.volumes)
    for name in [*found.replicas.values(), *found.networks.values(), *found.volumes]:
        yield f"removed {name}, which no state knows"


def _refuse_foreign(stack: str, identity: str, volumes: dict[str, str]) -> None:
    # imports the Pulumi SDK, which takes a second that only this rare case need wait for
    from pulumi import RunError  # noqa: PLC0415

    from components.docker.ownership import refuse_foreign_volumes  # noqa: PLC0415

    try:
        refuse_foreign_volumes(stack, identity, volumes)
    except RunError as error:
        raise OperatorError(str(error)) from error


def _resources(deployment: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return ((deployment or {}).get("deployment") or {}).get("resources") or []

"""What runs, said without a platform: workloads, jobs, schedules, and the port that runs them.

A component describes; an adapter (`components.docker`, later Kubernetes) decides how. Nothing here knows
containers, pods, networks or volumes drivers, and no component asks which platform it is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import pulumi
from pulumi import Input, Output

SETTINGS_FOLDER = "/etc/ainp"
"""Where `files` and `secrets` must lie."""


class Storage(Enum):
    """What a volume is for, which decides how long it lives."""

    DATA = "data"
    """One for each replica; outlives container, workload and, outside development, the stack."""
    SCRATCH = "scratch"
    """Memory-backed, gone with the container."""
    SHARED_MEMORY = "shared-memory"
    """POSIX shared memory of the size given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A folder that a workload may write to."""

    path: str
    storage: Storage
    size_mib: int
    """MiB. A limit for scratch and shared memory; for data what is reserved where the platform can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A command that exits 0 when the replica is healthy.

    It knows two states by a marker in the data volume: before the replica was ever part of a formed cluster,
    "my process serves"; afterwards "I serve and have caught up". The second is what holds a rolling change
    until redundancy is back; the first is what lets the first member of a cluster start alone.
    """

    command: tuple[str, ...]
    interval_seconds: int = 10
    timeout_seconds: int = 5
    retries: int = 3
    start_seconds: int = 5
    """Failures are not counted for so long after the start."""
    ready_within_seconds: int = 120
    """A replica that is not healthy by then fails the update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Hard limits of one replica."""

    cpus: float
    memory_mib: int
    pids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A service that runs for as long as the stack does."""

    image: str
    """Folder below images/ that it is built from."""
    command: tuple[str, ...]
    user: int
    """Numeric user and group, its own for each service."""
    resources: Resources
    health: Health
    replicas: int = 1
    ports: Mapping[str, int] = field(default_factory=dict)
    """Name -> port that the workload listens on."""
    files: Mapping[str, Input[str]] = field(default_factory=dict)
    """Path -> text, the same for all replicas; readable by `user` alone."""
    secrets: Mapping[str, Input[str]] = field(default_factory=dict)
    """Path -> secret text; readable by `user` alone, never in the environment or the arguments."""
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    pre_stop: tuple[str, ...] = ()
    """Runs in the container before it is told to stop."""
    grace_seconds: int = 30
    """Time between being told to stop and being killed."""
    clients: frozenset[str] = frozenset()
    """Workloads, jobs and schedules that may connect. Replicas always reach one another."""
    publish: Mapping[str, int] = field(default_factory=dict)
    """Name of a port -> port on the operator's machine (127.0.0.1 only)."""
    after: tuple[str, ...] = ()
    """What must be healthy, or have succeeded, first."""
    read_only_root: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command that runs to its end once for each change of its description.

    One that failed runs again at the next update; one that succeeded leaves the next preview empty.
    """

    image: str
    command: tuple[str, ...]
    user: int
    resources: Resources
    files: Mapping[str, Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, Input[str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    within_seconds: int = 120
    """A job that has not succeeded by then has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A job that runs by a cron expression, never twice at once."""

    job: Job
    cron: str
    """Five fields, UTC (POSIX crontab)."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What an adapter made of a description."""

    hosts: tuple[str, ...]
    """Names of the replicas, as their clients inside the stack see them."""
    endpoints: Mapping[str, Output[str]]
    """Name of a published port -> host:port on the operator's machine, known once the workload is healthy."""


class Platform(Protocol):
    """What an adapter must do. Every method registers its resources below `parent`."""

    def hosts(self, name: str, replicas: int) -> tuple[str, ...]:
        """Return the names of a workload's replicas; known before anything exists, so that settings can be rendered."""
        ...

    def run(self, name: str, workload: Workload, *, parent: pulumi.Resource) -> Deployed:
        """Run a workload, one replica after the other on a change."""
        ...

    def run_job(self, name: str, job: Job, *, parent: pulumi.Resource) -> None:
        """Run a job; the update fails when it does."""
        ...

    def run_schedule(self, name: str, schedule: Schedule, *, parent: pulumi.Resource) -> None:
        """Have a job run by the clock."""
        ...

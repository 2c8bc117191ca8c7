"""What the command line asks of the machinery that runs a stack, without saying which it is.

The port: `ops.docker_runtime` implements it for a Docker Engine; a Kubernetes one joins by implementing the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

HEALTHY = "healthy"
MISSING = "missing"
STOPPED = "stopped"
"""How the health of what has ended begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A running, or stopped, piece of a stack."""

    id: str
    name: str
    service: str
    kind: str
    number: int
    health: str
    """``healthy`` only if its health command says so; else what is wrong, in a word or two."""
    endpoints: tuple[str, ...] = ()
    """Where the operator's machine reaches it (host:port), the service's main port first."""
    image: str = ""
    """Id of the image that it was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the machine, the stack's own or another's."""

    id: str
    name: str
    stack: str
    service: str
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume that belongs to a stack."""

    name: str
    kind: str
    service: str
    state: str
    """Identity of the state that made it (data volumes only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the stack runs on."""

    memory_mib: int
    data_folder: str
    """Where images and volumes lie; empty when it is not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A command that runs once, inside the stack, on behalf of the operator."""

    image: str
    network: str
    command: tuple[str, ...]
    files: Mapping[str, str] = field(repr=False)
    """Path -> secret text, handed over as files that are gone with the errand."""
    environment: Mapping[str, str]
    """Nothing secret."""
    user: int
    labels: Mapping[str, str]


class Runtime(Protocol):
    """What runs the stack."""

    def machine(self) -> Machine:
        """Return the machine; raises `OperatorError` when it does not answer or the operator may not use it."""
        ...

    def replicas(self, stack: str) -> list[Replica]:
        """Return what the stack has, running or not, in a steady order."""
        ...

    def carriers(self, stack: str) -> list[Replica]:
        """Return what else bears the stack's label: what carries configuration and never runs, and errands."""
        ...

    def networks(self) -> list[Network]:
        """Return all networks of the machine."""
        ...

    def volumes(self, stack: str) -> list[Volume]:
        """Return the stack's volumes."""
        ...

    def published(self) -> dict[int, str]:
        """Return who publishes ports on the operator's machine: port -> name of the replica."""
        ...

    def remove(
        self, *, replicas: Sequence[str] = (), networks: Sequence[str] = (), volumes: Sequence[str] = ()
    ) -> None:
        """Remove what is named, by id or name; what is gone already is no fault."""
        ...

    def log_command(self, replica: Replica, *, follow: bool, tail: str) -> list[str]:
        """Return the command that prints a replica's log."""
        ...

    def image_of(self, stack: str, name: str) -> str:
        """Return the image of this project that the stack uses; raises `OperatorError` when there is none."""
        ...

    def run_errand(self, errand: Errand) -> int:
        """Run a command inside the stack on the operator's terminal and return its exit code."""
        ...

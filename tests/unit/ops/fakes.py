"""A runtime that holds what a test puts into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.runtime import Errand, Machine, Network, Replica, Volume


@dataclass
class FakeRuntime:
    found: list[Replica] = field(default_factory=list)
    carrying: list[Replica] = field(default_factory=list)
    nets: list[Network] = field(default_factory=list)
    vols: list[Volume] = field(default_factory=list)
    ports: dict[int, str] = field(default_factory=dict)
    memory_mib: int = 8192
    removed: list[str] = field(default_factory=list)

    def machine(self) -> Machine:
        return Machine(memory_mib=self.memory_mib, data_folder="")

    def replicas(self, stack: str) -> list[Replica]:
        return self.found

    def carriers(self, stack: str) -> list[Replica]:
        return self.carrying

    def networks(self) -> list[Network]:
        return self.nets

    def volumes(self, stack: str) -> list[Volume]:
        return self.vols

    def published(self) -> dict[int, str]:
        return self.ports

    def remove(
        self, *, replicas: Sequence[str] = (), networks: Sequence[str] = (), volumes: Sequence[str] = ()
    ) -> None:
        self.removed += [*replicas, *networks, *volumes]

    def log_command(self, replica: Replica, *, follow: bool, tail: str) -> list[str]:
        return ["echo", f"{replica.name} says hello"]

    def image_of(self, stack: str, name: str) -> str:
        return f"id-{name}"

    def run_errand(self, errand: Errand) -> int:
        return 0


def replica(
    name: str = "ainp-dev-nats-1", *, service: str = "nats", number: int = 1, health: str = "healthy",
    endpoints: tuple[str, ...] = (), kind: str = "workload",
) -> Replica:  # fmt: skip
    return Replica(
        id=f"id-{name}", name=name, service=service, kind=kind, number=number, health=health, endpoints=endpoints
    )

"""The running stack that `ainp verify` names, seen through its own outputs and the containers' inspection.

These tests change nothing that lasts: what they make (probe containers, consumers, messages) they remove. They know
services by what the settings say, so a part that a stack does not have is not asked about.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra

from config import topology
from config.nats_identities import NatsIdentities
from config.settings import Settings
from ops import stack as stacks
from ops import stack_settings
from ops.engine import Engine
from ops.environment import as_json

RUNNING = {topology.KIND_WORKLOAD, topology.KIND_JOB, topology.KIND_SCHEDULE}
PROBE_KIND = "probe"
PROBE_USER = "10001:10001"


@dataclass(frozen=True)
class Container:
    """One running container of the stack, as Docker describes it."""

    name: str
    service: str
    kind: str
    details: dict[str, Any]

    @property
    def addresses(self) -> dict[str, str]:
        """Network -> address."""
        return {name: one["IPAddress"] for name, one in self.details["NetworkSettings"]["Networks"].items()}

    @property
    def host(self) -> Any:
        """The inside of the container, for testinfra's questions."""
        return testinfra.get_host(f"docker://{self.name}")


@dataclass(frozen=True)
class RunningStack:
    """The stack under test."""

    name: str
    settings: Settings
    outputs: dict[str, Any]
    containers: tuple[Container, ...]
    ca_file: Path

    def of_kind(self, kind: str) -> list[Container]:
        return [one for one in self.containers if one.kind == kind]

    def addresses(self, service: str) -> list[str]:
        """Every address, on every network, of a service's containers."""
        return [address for one in self.containers if one.service == service for address in one.addresses.values()]

    @property
    def identities(self) -> NatsIdentities:
        kept = self.outputs["nats_identities"]
        return NatsIdentities.from_json(kept if isinstance(kept, str) else as_json(kept))


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> RunningStack:
    found = stacks.named(None)
    outputs = Engine(found).outputs(show_secrets=True)
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca_file.write_text(outputs["ca_certificate"])
    return RunningStack(
        name=found.name,
        settings=stack_settings.load(found.name, found.settings_file),
        outputs=outputs,
        containers=_containers(found.name),
        ca_file=ca_file,
    )


def _containers(stack: str) -> tuple[Container, ...]:
    ids = docker("ps", "--quiet", "--filter", f"label={topology.LABEL_STACK}={stack}").split()
    assert ids, f"no container of stack {stack} runs; `ainp up --stack {stack}` starts them"
    described = json.loads(docker("inspect", *ids))
    return tuple(
        Container(
            name=one["Name"].lstrip("/"),
            service=one["Config"]["Labels"][topology.LABEL_SERVICE],
            kind=one["Config"]["Labels"][topology.LABEL_KIND],
            details=one,
        )
        for one in described
        if one["Config"]["Labels"][topology.LABEL_KIND] in RUNNING
    )


Probe = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def probe(stack: RunningStack) -> Iterator[Probe]:
    """Runs a Python program in a container of the toolbox image on a network of the caller's choice."""
    (job,) = [one for one in stack.containers if one.service == "provision"]
    image = job.details["Image"]

    def run(program: str, *arguments: str, network: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", "run", "--rm", "--network", network, "--user", PROBE_USER, "--read-only", "--cap-drop=ALL"]
        command += ["--label", f"{topology.LABEL_STACK}={stack.name}", "--label", f"{topology.LABEL_KIND}={PROBE_KIND}"]
        command += [image, "python3", "-c", program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    yield run
    left = docker("ps", "--all", "--quiet", "--filter", f"label={topology.LABEL_STACK}={stack.name}",
                  "--filter", f"label={topology.LABEL_KIND}={PROBE_KIND}").split()  # fmt: skip
    if left:
        docker("rm", "--force", *left)

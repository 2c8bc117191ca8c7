"""The adapters under test, each read through one neutral view, so that the same sentences hold for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from components.docker import DockerPlatform, ownership
from components.docker import images as docker_images
from components.workload import Platform
from config.loader import parse
from config.settings import Settings
from tests.unit.components.recorder import Recorder, is_secret, plain, record

CONTAINER = "docker:index/container:Container"


@dataclass(frozen=True)
class Replica:
    """One running replica, job or schedule, as an adapter declared it."""

    name: str
    image: str
    command: tuple[str, ...]
    env: tuple[str, ...]
    user: str
    data: tuple[str, ...]
    """Identities of its data volumes."""
    files: dict[str, str]
    secret_files: bool
    configuration: str
    health: tuple[str, ...]
    grace_seconds: int
    memory_mib: int
    cpus: float
    processes: int
    raw: dict[str, Any]


Declare = Callable[[Callable[[Platform, pulumi.Resource], None]], dict[str, Replica]]


@dataclass(frozen=True)
class Adapter:
    """Runs a declaration on one platform and returns its replicas by name."""

    settings: Settings
    declare: Declare
    recorder: Callable[[Callable[[Platform, pulumi.Resource], None]], Recorder]


@pytest.fixture(params=["docker"])
def adapter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    return {"docker": docker_adapter}[request.param](monkeypatch)


def docker_adapter(monkeypatch: pytest.MonkeyPatch, **deviations: Any) -> Adapter:
    monkeypatch.setattr(ownership, "data_volumes", lambda _stack: {})
    monkeypatch.setattr(docker_images, "assemble", lambda name, _ca: f"{name}-content-hash")
    settings = parse("t-unit", deviations)

    def recorder(declaration: Callable[[Platform, pulumi.Resource], None]) -> Recorder:
        def program() -> None:
            platform = DockerPlatform("platform", settings)
            declaration(platform, pulumi.ComponentResource("ainp:index:Test", "test"))

        return record(program)

    def declare(declaration: Callable[[Platform, pulumi.Resource], None]) -> dict[str, Replica]:
        return read_docker(recorder(declaration))

    return Adapter(settings=settings, declare=declare, recorder=recorder)


def read_docker(recorder: Recorder) -> dict[str, Replica]:
    containers = recorder.of_type(CONTAINER)
    carriers = {name: inputs for name, inputs in containers.items() if name.endswith("-files")}
    return {
        name: _replica(name, plain(inputs), carriers[f"{name}-files"])
        for name, inputs in containers.items()
        if name not in carriers
    }


def _replica(name: str, inputs: dict[str, Any], carrier: dict[str, Any]) -> Replica:
    labels = {label["label"]: label["value"] for label in inputs["labels"]}
    mounts = inputs["volumes"]
    return Replica(
        name=name,
        image=inputs["image"],
        command=tuple(inputs["command"]),
        env=tuple(inputs["envs"]),
        user=inputs["user"],
        data=tuple(mount["volumeName"] for mount in mounts if not mount.get("readOnly")),
        files={upload["file"]: upload["content"] for upload in plain(carrier)["uploads"]},
        secret_files=is_secret(carrier["uploads"]),
        configuration=labels["ainp.configuration"],
        health=tuple(inputs["healthcheck"]["tests"]),
        grace_seconds=inputs["destroyGraceSeconds"],
        memory_mib=inputs["memory"],
        cpus=float(inputs["cpus"]),
        processes=inputs["ulimits"][0]["hard"],
        raw=inputs,
    )

from typing import Any

import pytest
from rich.console import Console

from ops import docker_formats, status
from tests.unit.ops.fakes import replica


def container(name: str, service: str, kind: str = "workload", number: int = 1) -> dict[str, Any]:
    labels = {"ainp.service": service, "ainp.kind": kind, "ainp.replica": str(number)}
    return {
        "type": "docker:index/container:Container",
        "inputs": {"name": name, "labels": [{"label": key, "value": value} for key, value in labels.items()]},
    }


def deployment(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"deployment": {"resources": list(resources)}}


def inspected(**state: Any) -> dict[str, Any]:
    return {
        "Id": "c0ffee", "Name": "/ainp-dev-nats-1", "Image": "sha256:1", "State": {"ExitCode": 0, **state},
        "Config": {"Labels": {"ainp.service": "nats", "ainp.kind": "workload", "ainp.replica": "2"}},
        "HostConfig": {"PortBindings": {
            "8222/tcp": [{"HostIp": "127.0.0.1", "HostPort": "28222"}],
            "4222/tcp": [{"HostIp": "127.0.0.1", "HostPort": "24222"}],
        }},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "health"),
    [
        ({"Status": "running", "Health": {"Status": "healthy"}}, "healthy"),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, "unhealthy"),
        ({"Status": "running", "Health": {"Status": "starting"}}, "starting"),
        ({"Status": "running"}, "unknown (no health command)"),
        ({"Status": "exited", "ExitCode": 137, "Health": {"Status": "healthy"}}, "stopped (exit code 137)"),
        ({"Status": "paused", "Health": {"Status": "healthy"}}, "paused"),
        ({"Status": "created"}, "created"),
    ],
)
def test_healthy_is_only_what_runs_and_says_so(state: dict[str, Any], health: str) -> None:
    assert docker_formats.replica(inspected(**state)).health == health


def test_the_main_endpoint_is_that_of_the_lowest_port() -> None:
    found = docker_formats.replica(inspected(Status="running"))
    assert found.endpoints == ("127.0.0.1:24222", "127.0.0.1:28222")
    assert (found.service, found.number, found.name) == ("nats", 2, "ainp-dev-nats-1")


def test_json_has_service_endpoint_and_health_and_nothing_else() -> None:
    rows = [replica(endpoints=("127.0.0.1:4222", "127.0.0.1:8222")), replica("job", service="provision", kind="job")]
    assert status.as_json(rows) == [
        {"service": "nats", "endpoint": "127.0.0.1:4222", "health": "healthy"},
        {"service": "provision", "endpoint": "", "health": "healthy"},
    ]


def test_a_container_that_the_state_holds_and_the_machine_has_not_is_missing() -> None:
    state = deployment(
        container("ainp-dev-nats-1", "nats"),
        container("ainp-dev-nats-2", "nats", number=2),
        container("ainp-dev-nats-1-files", "nats-1", kind="files"),
    )
    rows = status.with_missing([replica("ainp-dev-nats-1")], state)
    assert [(row.name, row.health) for row in rows] == [("ainp-dev-nats-1", "healthy"), ("ainp-dev-nats-2", "missing")]


def test_without_a_state_what_runs_is_still_shown() -> None:
    assert len(status.with_missing([replica()], None)) == 1


def test_the_table_numbers_the_replicas_of_a_cluster() -> None:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(status.table("dev", [replica(number=1), replica("b", number=2), replica("c", service="solo")]))
    assert "nats 1" in captured.get()
    assert "nats 2" in captured.get()
    assert "solo 1" not in captured.get()

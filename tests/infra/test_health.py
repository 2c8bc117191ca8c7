"""Every part runs and says itself that it is well."""

from __future__ import annotations

import http.client
import json
import ssl

from config import topology
from tests.infra.conftest import RunningStack, docker


def test_every_container_is_healthy(stack: RunningStack) -> None:
    states = {one.name: one.details["State"]["Health"]["Status"] for one in stack.containers}
    assert set(states.values()) == {"healthy"}, states


def test_every_replica_that_the_settings_name_runs(stack: RunningStack) -> None:
    running = [one.name for one in stack.of_kind(topology.KIND_WORKLOAD) if one.service == "nats"]
    assert len(running) == stack.settings.nats.replicas


def test_nats_answers_the_requirements_health_check(stack: RunningStack) -> None:
    address, _, port = stack.outputs["endpoints"]["nats"]["monitoring"].partition(":")
    context = ssl.create_default_context(cafile=str(stack.ca_file))
    connection = http.client.HTTPSConnection(address, int(port), context=context, timeout=5)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())) == (200, {"status": "ok"})


def test_nothing_restarts_again_and_again(stack: RunningStack) -> None:
    restarts = {one.name: one.details["RestartCount"] for one in stack.containers}
    assert max(restarts.values()) < 5, restarts


def test_every_data_volume_belongs_to_one_state(stack: RunningStack) -> None:
    names = docker("volume", "ls", "--quiet", "--filter", f"label={topology.LABEL_STACK}={stack.name}",
                   "--filter", f"label={topology.LABEL_KIND}={topology.KIND_DATA}").split()  # fmt: skip
    owners = {one["Labels"][topology.LABEL_STATE] for one in json.loads(docker("volume", "inspect", *names))}
    assert len(owners) == 1
    assert all(owners)

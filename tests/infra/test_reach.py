"""Who can reach whom: clients can, everything else on the same machine cannot."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from config import nats_conf, topology
from tests.infra.conftest import PROBE_KIND, Probe, RunningStack, docker

CONNECT = """
import socket, sys
for address in sys.argv[2:]:
    try:
        socket.create_connection((address, int(sys.argv[1])), timeout=2).close()
    except OSError as error:
        print(address, "refused", error)
    else:
        print(address, "reached")
"""


def test_a_container_on_the_services_network_reaches_it(stack: RunningStack, probe: Probe) -> None:
    network = topology.resource_name(stack.name, "nats")
    done = probe(CONNECT, str(nats_conf.CLIENT_PORT), "nats", network=network)
    assert done.stdout == "nats reached\n", done


def test_a_container_outside_its_clients_cannot_connect(stack: RunningStack, probe: Probe) -> None:
    targets = stack.addresses("nats")
    done = probe(CONNECT, str(nats_conf.CLIENT_PORT), *targets, network="bridge")
    assert done.returncode == 0, done.stderr
    assert len(targets) == done.stdout.count("refused"), done.stdout


LISTEN = """
import socket
server = socket.create_server(("0.0.0.0", 9000))
print("ready", flush=True)
while True:
    server.accept()[0].close()
"""


@pytest.fixture
def outsider(stack: RunningStack) -> Iterator[str]:
    """Return the address of a container that listens on Docker's default network."""
    (job,) = [one for one in stack.containers if one.service == "provision"]
    labels = [f"{topology.LABEL_STACK}={stack.name}", f"{topology.LABEL_KIND}={PROBE_KIND}"]
    arguments = ["--rm", "--detach", "--network", "bridge", *(f"--label={label}" for label in labels)]
    name = docker("run", *arguments, job.details["Image"], "python3", "-c", LISTEN).strip()
    try:
        while "ready" not in docker("logs", name):
            time.sleep(0.1)
        yield json.loads(docker("inspect", name))[0]["NetworkSettings"]["IPAddress"]
    finally:
        docker("kill", name)


def test_a_services_network_has_no_way_out(stack: RunningStack, probe: Probe, outsider: str) -> None:
    control = probe(CONNECT, "9000", outsider, network="bridge")
    assert control.stdout == f"{outsider} reached\n", control
    done = probe(CONNECT, "9000", outsider, network=topology.resource_name(stack.name, "nats"))
    assert f"{outsider} refused" in done.stdout, done


def test_jobs_are_on_the_networks_of_what_they_work_on_only(stack: RunningStack) -> None:
    jobs = [*stack.of_kind(topology.KIND_JOB), *stack.of_kind(topology.KIND_SCHEDULE)]
    assert jobs
    for one in jobs:
        assert set(one.addresses) == {topology.resource_name(stack.name, "nats")}, one.name

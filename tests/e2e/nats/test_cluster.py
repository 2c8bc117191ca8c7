"""Three servers: the two states of health, rolling, and the guard against losing a single server's streams."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from config import certificates
from config.nats_identities import NatsIdentities
from jobs import provision
from ops import agents
from tests.e2e.nats.server import LABEL, NatsServer, docker, wait_for
from tests.e2e.nats.test_agents import may_connect

HOSTS = ("nats-0", "nats-1", "nats-2")


@pytest.fixture(scope="module")
def cluster(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NatsServer]]:
    """Three servers that were not started yet."""
    network = f"t-nats-{secrets.token_hex(4)}"
    docker("network", "create", "--label", LABEL, "--label", f"ainp.test.pid={os.getpid()}", network)
    authority = certificates.make_authority("t-nats", now=datetime.now(UTC), validity=timedelta(days=2))
    keys = NatsIdentities.generate()
    servers = [
        NatsServer(
            image, tmp_path_factory.mktemp(host), keys=keys, host=host, peers=HOSTS, network=network,
            authority=authority,
        )
        for host in HOSTS
    ]  # fmt: skip
    try:
        yield servers
    finally:
        for server in servers:
            server.remove()
        docker("network", "rm", network, check=False)


async def test_a_cluster_forms_one_after_the_other_and_then_holds_a_roll_until_all_are_back(
    cluster: list[NatsServer],
) -> None:
    first, second, third = cluster
    first.create()
    first.wait_healthy()
    assert "the cluster is not complete yet" in first.health()[1], "alone it only serves"
    for server in (second, third):
        server.create()
        server.wait_healthy()
    for server in cluster:
        wait_for(lambda one=server: "JetStream is current" in one.health()[1], "complete")

    done = first.provision(wanted=first.wanted(servers=[server.url for server in cluster]))
    assert done.returncode == provision.DONE, done.stderr

    # A server that leaves hands over first and ends by itself.
    docker("stop", second.name)
    assert docker("inspect", "--format", "{{.State.ExitCode}}", second.name).stdout.strip() == "0"
    assert "Entering lame duck mode" in second.logs()
    assert first.health()[0] == 0, "two of three still serve and are current"

    # With the majority gone, the one that is left says why it is not fit.
    docker("kill", third.name)
    wait_for(lambda: first.health()[0] == 1, "unhealthy")
    assert "unhealthy: /healthz: 503" in first.health()[1]

    for server in (second, third):
        docker("start", server.name)
        server.wait_healthy()
    first.wait_healthy()


async def test_a_revocation_reaches_every_server_and_one_that_was_away(cluster: list[NatsServer]) -> None:
    first, second, third = cluster
    async with agents.open_agents(first.access) as manager:
        here, away = [await manager.add(f"a-{uuid4().hex[:12]}") for _ in range(2)]
    for server in cluster:
        assert await may_connect(server, here), "control"

    await agents.revoke(second.access, here.agent.name)
    for server in cluster:
        assert not await may_connect(server, here), server.host

    docker("stop", third.name)
    await agents.revoke(first.access, away.agent.name)
    docker("start", third.name)
    third.wait_healthy()
    deadline = time.monotonic() + 30
    while await may_connect(third, away):
        assert time.monotonic() < deadline, "the server that was away never learned of it"
        time.sleep(1)


def test_a_single_servers_streams_are_not_lost_to_a_cluster(server: NatsServer) -> None:
    before = (server.etc / "nats.conf").read_text()
    try:
        server.peers = HOSTS
        server.write_configuration()
        server.replace()
        wait_for(lambda: "would delete them" in server.logs(), "refusal")
        wait_for(lambda: docker("inspect", "-f", "{{.State.Status}}", server.name).stdout.strip() == "exited", "end")
        assert docker("inspect", "--format", "{{.State.ExitCode}}", server.name).stdout.strip() == "78"
    finally:
        server.peers = ("nats-0",)
        (server.etc / "nats.conf").write_text(before)
        server.replace()
        server.wait_healthy()
    assert server.provision("--check").returncode == provision.DONE, "set back, nothing was lost"

"""What listens, where, and that all of it speaks TLS with a certificate of the stack's own CA."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from config import nats_conf, topology
from tests.infra.conftest import Container, RunningStack

EXPECTED: dict[str, set[int]] = {
    "nats": {nats_conf.CLIENT_PORT, nats_conf.MONITORING_PORT},
    "provision": set(),
    "drift-check": set(),
}
"""Service -> ports that may listen; routes join them when there is more than one server."""

PLAIN_TEXT: dict[str, set[int]] = {}
"""Service -> ports that listen without TLS. Each entry needs its reason beside it; there is none today."""

DOCKER_DNS = "0B00007F"
"""127.0.0.11 as /proc/net/tcp writes it: the engine's name server inside every container, not a part of the service."""
LISTEN = "0A"


def listening(container: Container) -> set[int]:
    table = container.host.check_output("cat /proc/net/tcp /proc/net/tcp6")
    rows = [line.split() for line in table.splitlines() if line.split()[0].endswith(":")]
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == LISTEN and not row[1].startswith(DOCKER_DNS)}


def expected(stack: RunningStack, container: Container) -> set[int]:
    clustered = container.service == "nats" and stack.settings.nats.replicas > 1
    return EXPECTED[container.service] | ({nats_conf.ROUTE_PORT} if clustered else set())


def test_exactly_the_ports_that_are_described_listen(stack: RunningStack) -> None:
    for one in stack.containers:
        assert listening(one) == expected(stack, one), one.name


def test_published_ports_are_on_the_loopback_address_only(stack: RunningStack) -> None:
    bindings = [
        binding
        for one in stack.containers
        for ports in one.details["NetworkSettings"]["Ports"].values()
        for binding in ports or []
    ]
    assert bindings, "nothing is published at all"
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}


def client_port(stack: RunningStack) -> tuple[str, int]:
    address, _, port = stack.outputs["endpoints"]["nats"]["client"].partition(":")
    return address, int(port)


def monitoring_port(stack: RunningStack) -> tuple[str, int]:
    address, _, port = stack.outputs["endpoints"]["nats"]["monitoring"].partition(":")
    return address, int(port)


def nats_hello(connection: socket.socket) -> dict[str, object]:
    """Return what a NATS server says of itself before TLS begins (its protocol: INFO comes first)."""
    line = connection.makefile("rb", buffering=0).readline()
    assert line.startswith(b"INFO "), line
    told: dict[str, object] = json.loads(line[5:])
    return told


def test_nats_clients_must_use_tls(stack: RunningStack) -> None:
    with socket.create_connection(client_port(stack), timeout=5) as connection:
        assert nats_hello(connection)["tls_required"] is True
        connection.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        # an answer in plain text would be PONG or -ERR; what comes is the end of the connection
        assert b"PONG" not in connection.recv(4096)


def test_monitoring_answers_no_plain_text(stack: RunningStack) -> None:
    with socket.create_connection(monitoring_port(stack), timeout=5) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b"200 OK" not in connection.recv(4096)


def handshake(stack: RunningStack, context: ssl.SSLContext, *, port: str, name: str) -> str | None:
    address = client_port(stack) if port == "client" else monitoring_port(stack)
    with socket.create_connection(address, timeout=5) as connection:
        if port == "client":
            nats_hello(connection)
        with context.wrap_socket(connection, server_hostname=name) as secured:
            return secured.version()


@pytest.mark.parametrize("port", ["client", "monitoring"])
def test_chain_and_names_are_verified(stack: RunningStack, port: str) -> None:
    trusting = ssl.create_default_context(cafile=str(stack.ca_file))
    for name in ("localhost", "127.0.0.1", "nats", f"{topology.resource_name(stack.name, 'nats', 1)}"):
        assert handshake(stack, trusting, port=port, name=name) == "TLSv1.3", "control: our CA, a name of the service"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(stack, trusting, port=port, name="evil.example")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self.signed"):
        handshake(stack, ssl.create_default_context(), port=port, name="localhost")


@pytest.mark.parametrize("port", ["client", "monitoring"])
def test_old_protocol_versions_are_refused(stack: RunningStack, port: str) -> None:
    context = ssl.create_default_context(cafile=str(stack.ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(stack, context, port=port, name="localhost")


def test_every_listener_speaks_tls_or_stands_in_the_list(stack: RunningStack) -> None:
    """What is proven above, for every service: a new port needs either a test here or an entry with its reason."""
    proven = {"nats": {nats_conf.CLIENT_PORT, nats_conf.MONITORING_PORT, nats_conf.ROUTE_PORT}}
    for one in stack.containers:
        unexplained = listening(one) - proven.get(one.service, set()) - PLAIN_TEXT.get(one.service, set())
        assert not unexplained, f"{one.name} listens on {unexplained}"

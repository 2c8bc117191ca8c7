import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ops import ports, preflight, subnets
from ops.runtime import Network

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t0000C90A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def network(name: str, subnet: str, stack: str = "") -> Network:
    return Network(id=name, name=name, stack=stack, service="", subnets=(subnet,))


def test_a_listening_port_is_taken_and_its_process_named(listening: socket.socket) -> None:
    assert not ports.is_free(port_of(listening))
    assert ports.holder(port_of(listening)) == f"process {os.getpid()} ({Path('/proc/self/comm').read_text().strip()})"


def test_a_port_without_a_listener_is_free(listening: socket.socket) -> None:
    port = port_of(listening)
    listening.close()
    assert ports.is_free(port)


def test_a_taken_port_is_refused_with_setting_holder_and_remedy(listening: socket.socket) -> None:
    port = port_of(listening)
    (line,) = preflight.port_refusals("t-x", {"nats.client_port": port}, {}, ())
    assert line.startswith(f"ainp:nats.client_port = {port}: the port is taken by process {os.getpid()}")
    assert "pulumi config set --path 'ainp:nats.client_port'" in line


def test_a_port_that_the_stack_itself_publishes_is_no_obstacle(listening: socket.socket) -> None:
    port = port_of(listening)
    published = {port: "ainp-t-x-nats-1"}
    assert not list(preflight.port_refusals("t-x", {"nats.client_port": port}, published, {"ainp-t-x-nats-1"}))
    (line,) = preflight.port_refusals("t-y", {"nats.client_port": port}, published, ())
    assert "taken by container ainp-t-x-nats-1" in line


def test_two_settings_cannot_ask_for_one_port(listening: socket.socket) -> None:
    port = port_of(listening)
    listening.close()
    (line,) = preflight.port_refusals("t-x", {"nats.client_port": port, "nats.monitoring_port": port}, {}, ())
    assert "ainp:nats.monitoring_port" in line
    assert "also the value of ainp:nats.client_port" in line


def test_an_overlapping_network_is_named_with_a_free_range() -> None:
    taken = network("foreign", "10.201.2.0/24")
    (line,) = preflight.range_refusals("t-x", "10.201.0.0/22", [taken], {})
    assert "ainp:network.cidr = 10.201.0.0/22: overlaps 10.201.2.0/24, which is Docker network foreign" in line
    assert "10.200.0.0/22" in line


def test_networks_of_the_stack_itself_and_their_routes_are_no_obstacle() -> None:
    own = network("ainp-t-x-nats", "10.201.0.0/27", "t-x")
    routes = {IPv4Network("10.201.0.0/27"): "a route of this machine (interface br-1)"}
    assert not list(preflight.range_refusals("t-x", "10.201.0.0/22", [own], routes))


def test_an_overlapping_route_of_the_machine_is_named(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES)
    routes = subnets.host_routes(table)
    assert routes == {IPv4Network("10.201.0.0/16"): "a route of this machine (interface tun0)"}
    (line,) = preflight.range_refusals("t-x", "10.201.0.0/22", [], routes)
    assert "interface tun0" in line


def test_a_machine_without_a_routing_table_has_no_known_routes(tmp_path: Path) -> None:
    assert subnets.host_routes(tmp_path / "absent") == {}


def test_an_ipv6_network_overlaps_nothing() -> None:
    assert not list(preflight.range_refusals("t-x", "10.201.0.0/22", [network("six", "fd00::/64")], {}))


def test_memory_limits_beyond_the_machine_are_a_warning() -> None:
    assert not preflight.memory_warnings(1024, 2048)
    (warning,) = preflight.memory_warnings(4096, 2048)
    assert "4096 MiB" in warning


def test_too_little_disk_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "DISK_NEEDED_GIB", 10**9)
    (line,) = preflight.disk_refusals("/")
    assert "1000000000 GiB are needed" in line
    assert not list(preflight.disk_refusals(""))

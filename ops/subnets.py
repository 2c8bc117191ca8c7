"""Address ranges of this machine: which are taken, and which one is free."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

CANDIDATES = (IPv4Network("10.200.0.0/13"), IPv4Network("172.24.0.0/13"), IPv4Network("192.168.128.0/17"))
"""Where a free range is looked for: parts of the private ranges that are seldom used."""


def host_routes(table: Path = Path("/proc/net/route")) -> dict[IPv4Network, str]:
    """Return the machine's routes, default route left out: range -> what it is. Empty where the kernel has no table."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return {}
    found: dict[IPv4Network, str] = {}
    for interface, destination, *rest in map(str.split, lines):
        route = IPv4Network((_address(destination), str(_address(rest[5]))))
        if route.prefixlen:
            found[route] = f"a route of this machine (interface {interface})"
    return found


def free_range(prefix: int, taken: Iterable[IPv4Network]) -> IPv4Network | str:
    """Return the first range of that size that overlaps nothing in `taken`; a hint in words if there is none."""
    ranges = list(taken)
    for candidate in CANDIDATES:
        for network in candidate.subnets(new_prefix=prefix):
            if not any(network.overlaps(each) for each in ranges):
                return network
    return f"<a free private /{prefix}>"


def _address(field: str) -> IPv4Address:
    """Read an address as the kernel prints it: eight hexadecimal digits in the machine's byte order."""
    return IPv4Address(socket.inet_ntoa(struct.pack("=I", int(field, 16))))

"""Ports of this machine: free, and if not, whose. Asks the kernel, not a tool."""

from __future__ import annotations

import socket
from collections.abc import Container
from pathlib import Path

LOOPBACK = "127.0.0.1"
LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""
LAST = 65535


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def next_free(port: int, taken: Container[int]) -> int:
    """Return the first free port above `port` that is not in `taken`."""
    return next(each for each in range(port + 1, LAST + 1) if each not in taken and is_free(each))


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Return which process listens there, as far as this user may know."""
    socket_ids = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    for folder in proc.glob("[0-9]*"):
        try:
            if any(link.readlink().name in socket_ids for link in (folder / "fd").iterdir()):
                return f"process {folder.name} ({(folder / 'comm').read_text().strip()})"
        except OSError:  # ended meanwhile, or another user's
            continue
    return "another process"


def _listening(port: int, proc: Path) -> set[str]:
    found: set[str] = set()
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (proc / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found

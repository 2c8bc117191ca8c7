"""Pulumi's file backend after a run that was killed: locks of dead processes, and files that were being written.

Knows where Pulumi 3 keeps things below the backend's folder. Other kinds of backends are not looked into: their locks
are released with `pulumi cancel`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ops.errors import OperatorError
from ops.processes import is_alive
from ops.stack import PROJECT

LOCKS = Path(".pulumi") / "locks" / "organization" / PROJECT
STACKS = Path(".pulumi") / "stacks" / PROJECT
ENGINE_NAME = "pulumi"


def folder_of(backend: str) -> Path | None:
    """Return the folder of a file backend's URL; nothing for other backends."""
    parts = urlsplit(backend)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def release_dead_locks(stack: str, folder: Path) -> Iterator[str]:
    """Delete the stack's locks whose process is dead; yields a line for each.

    Raises:
        OperatorError: a lock's holder lives, or is on another machine.
    """
    for file in (folder / LOCKS / stack).glob("*.json"):
        lock = _content(file) or {}
        pid, host = lock.get("pid", 0), lock.get("hostname", "")
        if host not in {"", socket.gethostname()}:
            raise OperatorError(
                f"stack {stack}: locked by process {pid} on {host} since {lock.get('timestamp')}",
                remedy="wait for it; if that machine is gone, `pulumi cancel` releases the lock",
            )
        if pid and is_alive(pid) and _is_engine(pid):
            raise OperatorError(
                f"stack {stack}: `pulumi` (process {pid}) is changing it", remedy="wait until it has ended"
            )
        file.unlink(missing_ok=True)
        yield f"released the lock of process {pid}, which is dead"


def drop_half_written(stack: str, folder: Path) -> Iterator[str]:
    """Delete what a killed engine was writing beside the stack's state; the state itself is replaced in one step.

    A sidecar (``.attrs``) that was cut short would make its state unreadable; without one it is read as it is.
    """
    for file in (folder / STACKS).glob(f"{stack}.json*"):
        if file.suffix == ".tmp" or (file.suffix == ".attrs" and _content(file) is None):
            file.unlink()
            yield f"removed {file.name}, which was being written"


def _content(file: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def _is_engine(pid: int) -> bool:
    """Tell whether the process is the engine: a lock outlives its holder, whose id another process may bear now."""
    try:
        return ENGINE_NAME in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return True

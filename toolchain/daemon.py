"""dockerd in the background, on a machine without systemd.

Handles what an earlier daemon left when it was killed: pid files whose number belongs to another process by now, and a
containerd that outlived it. Containers it left are dockerd's own to clean up, which it does as it starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from toolchain.commands import tail
from toolchain.paths import cache_root

PID_FILE = Path("/var/run/docker.pid")
CONTAINERD_PID_FILE = Path("/var/run/docker/containerd/containerd.pid")
CONTAINERD_SOCKETS = Path("/var/run/docker/containerd")
GIVE_UP_SECONDS = 10
ENDED = ("Z", "X")
"""States of a process that has ended and that nobody has asked about yet; for dockerd it counts as alive."""

_started: list[subprocess.Popen[bytes]] = []
"""The daemon of this process, asked whether it lives while its first answer is awaited."""


def installed() -> bool:
    """Tell whether there is a dockerd to start."""
    return shutil.which("dockerd") is not None


def log_file() -> Path:
    """Return where a daemon started here writes."""
    return cache_root() / "docker" / "dockerd.log"


def start() -> str:
    """Start dockerd so that it outlives this process and its terminal; return nothing, or why that is impossible."""
    clear_stale_pid_file(PID_FILE, "dockerd")
    _end_orphan_containerd()
    log_file().parent.mkdir(parents=True, exist_ok=True)
    with log_file().open("ab") as log:
        log.truncate(0)
        _started.append(
            subprocess.Popen(
                ["dockerd", "--pidfile", str(PID_FILE)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        )
    return ""


def last_words_if_dead() -> str:
    """Return the end of the daemon's log if the daemon started here has ended; empty while it runs."""
    if all(process.poll() is None for process in _started):
        return ""
    return tail(log_file().read_text(errors="replace")) or "dockerd ended at once"


def clear_stale_pid_file(path: Path, program: str) -> None:
    """Remove a pid file unless its process is alive and is `program`; dockerd believes any living process."""
    if path.exists() and running(path, program) is None:
        path.unlink(missing_ok=True)


def running(path: Path, program: str) -> int | None:
    """Return the process of a pid file, if it is alive and is `program`."""
    try:
        pid = int(path.read_text().strip())
        status = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return None
    name, _, rest = status.partition("(")[2].rpartition(")")
    return pid if name == program and rest.split()[0] not in ENDED else None


def _end_orphan_containerd() -> None:
    """End a containerd whose dockerd is gone: dockerd would adopt it, and hang if it is itself dying."""
    orphan = running(CONTAINERD_PID_FILE, "containerd")
    if orphan is not None and running(PID_FILE, "dockerd") is None:
        os.kill(orphan, signal.SIGTERM)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while running(CONTAINERD_PID_FILE, "containerd") is not None and time.monotonic() < deadline:
            time.sleep(0.1)
    if running(CONTAINERD_PID_FILE, "containerd") is None:
        CONTAINERD_PID_FILE.unlink(missing_ok=True)

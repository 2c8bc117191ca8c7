"""Docker Engine: used if it answers, else installed and started as root on Debian and its kin."""

from __future__ import annotations

import enum
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from toolchain import apt, daemon, steps
from toolchain.cache import locked
from toolchain.commands import CommandError, run
from toolchain.errors import ToolchainError
from toolchain.versions import accepts, pins

ANSWER_SECONDS = 15
START_SECONDS = 90
"""A first start makes networks and keys; a start after a power cut also restores containers."""
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
SYSTEMD = Path("/run/systemd/system")
BY_HAND = "install Docker Engine and start it (Debian, as root: apt-get install docker.io), so that `docker info` works"


class State(enum.Enum):
    """What stands between this process and the engine."""

    ANSWERS = "answers"
    NO_CLIENT = "no docker command"
    NOT_PERMITTED = "not permitted"
    SILENT = "not running"


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine as it is now."""

    state: State
    version: str = ""
    address: str = ""
    said: str = ""
    """What the client printed when it could not reach the engine."""


def examine_engine() -> Engine:
    """Ask the engine for its version; starts nothing."""
    if shutil.which("docker") is None:
        return Engine(State.NO_CLIENT)
    try:
        answer = run(["docker", "version", "--format", "{{.Server.Version}}"], timeout_seconds=ANSWER_SECONDS)
    except CommandError as error:
        refused = "permission denied" in str(error).lower()
        return Engine(State.NOT_PERMITTED if refused else State.SILENT, said=str(error))
    return Engine(State.ANSWERS, version=answer.strip(), address=os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS)


def ensure_engine() -> None:
    """Return when an accepted engine answers.

    Raises:
        ToolchainError: it cannot be made to answer, or is too old.
    """
    engine = examine_engine()
    if engine.state in {State.NO_CLIENT, State.SILENT}:
        with locked("docker"):
            engine = _start(examine_engine())
    if engine.state is State.NOT_PERMITTED:
        raise ToolchainError(
            "docker: this user may not talk to the engine", why=engine.said, by_hand=permission_remedy()
        )
    if not accepts("docker", engine.version):
        raise ToolchainError(
            f"docker: the engine's version {engine.version} is not accepted",
            why=f"accepted is {pins('docker')['accepted']}",
            by_hand="update Docker Engine",
        )
    steps.found("docker", f"engine {engine.version} answers")


def permission_remedy() -> str:
    """Return how a user comes to be permitted."""
    return "as root: usermod -aG docker YOUR-USER, then log in again; or run this as root; or use rootless Docker"


def _start(engine: Engine) -> Engine:
    if engine.state not in {State.NO_CLIENT, State.SILENT}:
        return engine  # another run was faster
    host = os.environ.get("DOCKER_HOST", "")
    if host and engine.state is State.SILENT:
        why = f"DOCKER_HOST is {host}, and {engine.said}"
        raise ToolchainError(
            "docker: the engine does not answer", why=why, by_hand="start it there, or unset DOCKER_HOST"
        )
    if os.geteuid() != 0:
        why = f"{engine.said or 'there is no docker command'}\nonly root can install and start the engine"
        raise ToolchainError("docker: the engine does not answer", why=why, by_hand=BY_HAND)
    if engine.state is State.NO_CLIENT or not daemon.installed():
        _install()
    if not SYSTEMD.is_dir() and not _has_control_groups():
        _mount_control_groups()
    with steps.step(
        "docker", "start the engine" + ("" if SYSTEMD.is_dir() else " in the background (no systemd here)")
    ):
        said = _start_service() if SYSTEMD.is_dir() else daemon.start()
        return _wait(said)


def _install() -> None:
    # The command line is a package of its own from Debian 13 on.
    split = ["docker-cli"] if apt.usable() and apt.offers("docker-cli") else []
    apt.install(["docker.io", *split, "iptables", "ca-certificates"], reason="Docker Engine")
    if shutil.which("docker") is None:
        apt.install(["docker-cli"], reason="Docker's command line")


def _has_control_groups() -> bool:
    return CONTROL_GROUPS.is_dir() and any(CONTROL_GROUPS.iterdir())


def _mount_control_groups() -> None:
    """Mount what systemd would have mounted; dockerd does not start without."""
    if shutil.which("cgroupfs-mount") is None:
        apt.install(["cgroupfs-mount"], reason="control groups, which nothing has mounted here")
    try:
        with steps.step("docker", "mount control groups"):
            run(["cgroupfs-mount"], timeout_seconds=ANSWER_SECONDS)
    except CommandError as error:
        by_hand = f"mount the control groups at {CONTROL_GROUPS}, and run the same command again"
        raise ToolchainError("docker: no control groups", why=str(error), by_hand=by_hand) from error


def _start_service() -> str:
    try:
        run(["systemctl", "start", "docker"], timeout_seconds=START_SECONDS)
    except CommandError as error:
        return str(error)
    return ""


def _wait(said: str) -> Engine:
    deadline = time.monotonic() + START_SECONDS
    while not said and time.monotonic() < deadline:
        engine = examine_engine()
        if engine.state is not State.SILENT:
            return engine
        said = "" if SYSTEMD.is_dir() else daemon.last_words_if_dead()
        time.sleep(0.5)
    where = "journalctl --unit docker" if SYSTEMD.is_dir() else str(daemon.log_file())
    raise ToolchainError(
        "docker: the engine was started and does not answer",
        why=said or f"no answer within {START_SECONDS} s",
        by_hand=f"read {where}, mend what it names, and run the same command again",
    )

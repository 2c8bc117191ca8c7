"""A stack of a test's own: name, range and ports that nothing else on the machine has; nothing is left of it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO, Any

import yaml

from ops import ports, subnets
from ops.docker_runtime import DockerRuntime
from ops.runtime import Replica
from ops.stack import CHECKOUT, Stack
from toolchain.environment import tool_environment

MINUTES = 60.0
PORTS = (20_000, 32_000)
AINP = (sys.executable, "-c", "from ops.main import app; app()")
"""The command line of the checkout that is tested, whichever that is."""


class Sandbox:
    """A stack for tests, driven through the command line alone."""

    def __init__(self, purpose: str, root: Path = CHECKOUT) -> None:
        self.name, self._in_use = _unused_name(purpose, root)
        self.root = root
        self.stack = Stack(self.name, root)
        self.environment = {**os.environ, **tool_environment(), "AINP_STACK": self.name, "PYTHONPATH": str(root)}
        for variable in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
            self.environment.pop(variable, None)
        self.runtime = DockerRuntime(self.environment)
        self.remove()
        self.cidr = self._free_range()
        self.client_port, self.monitoring_port = free_ports(2)
        self.configure()

    def configure(self, **nats: Any) -> None:
        """Write the stack's settings: small, on its own range and ports, with `nats` on top; keeps the salt."""
        settings = {
            "ainp:network": {"cidr": self.cidr},
            "ainp:nats": {
                "client_port": self.client_port, "monitoring_port": self.monitoring_port, "memory_mib": 256,
                "storage_gib": 1, "sync_interval": "2m", **nats,
            },
        }  # fmt: skip
        self.write_settings(settings)

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        file = self.stack.settings_file
        document = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**document, "config": {"ainp:size": "development", **settings}}))

    def ainp(
        self, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = 8 * MINUTES
    ) -> subprocess.CompletedProcess[str]:
        """Run `ainp` to its end."""
        return subprocess.run(
            [*AINP, *arguments], env={**self.environment, **(environment or {})}, cwd=self.root, capture_output=True,
            text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run `ainp` in the background, in a process group of its own."""
        return subprocess.Popen(
            [*AINP, *arguments], env=self.environment, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, stdin=subprocess.DEVNULL, start_new_session=True,
            # a shell that runs the tests in the background has them ignore SIGINT, which children inherit
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )  # fmt: skip

    def up(self) -> str:
        """Bring the stack up and return what was printed; everything must be healthy then."""
        done = self.ainp("up")
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(self.health().values()) == {"healthy"}, self.health()
        return done.stdout

    def health(self) -> dict[str, str]:
        done = self.ainp("status", "--json")
        assert done.returncode == 0, done.stderr
        return {row["service"]: row["health"] for row in json.loads(done.stdout)}

    def pulumi(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run plain pulumi in the environment that `eval "$(ainp env)"` sets."""
        ainp = " ".join(f"'{part}'" for part in AINP)
        return subprocess.run(
            ["bash", "-c", f'eval "$({ainp} env)" && exec pulumi {command}'], env=self.environment, cwd=self.root,
            capture_output=True, text=True, check=False, timeout=5 * MINUTES, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def assert_settled(self) -> None:
        """A preview that looks at the machine, too, finds nothing to change."""
        done = self.pulumi(f"preview --stack {self.name} --refresh --expect-no-changes --diff")
        assert done.returncode == 0, done.stdout + done.stderr

    def container(self, service: str = "nats") -> Replica:
        return next(each for each in self.runtime.replicas(self.name) if each.service == service)

    def kill_tree(self, process: subprocess.Popen[str]) -> None:
        """SIGKILL for `ainp` and every process that it started, at once, as when the power goes."""
        for pid in [process.pid, *descendants(process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def remove(self) -> None:
        """Leave nothing of the stack: on the machine, in the backend, in the checkout."""
        self.ainp("reset", "--yes")
        replicas = [each.id for each in (*self.runtime.replicas(self.name), *self.runtime.carriers(self.name))]
        networks = [each.id for each in self.runtime.networks() if each.stack == self.name]
        volumes = [each.name for each in self.runtime.volumes(self.name)]
        self.runtime.remove(replicas=replicas, networks=networks, volumes=volumes)
        for file in (self.stack.settings_file, self.stack.passphrase_file, self.stack.lock_file, self.stack.ca_file):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.stack.logs_folder, ignore_errors=True)
        for file in self.stack.backend_folder.glob(f".pulumi/*/ainp/{self.name}*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()

    def close(self) -> None:
        """Remove the stack and give its name back."""
        self.remove()
        self._in_use.close()

    def _free_range(self) -> str:
        taken = [IPv4Network(text) for each in self.runtime.networks() for text in each.subnets if ":" not in text]
        # the middle of the private ranges: the development stack, and what is suggested to users, lie elsewhere
        avoid = [IPv4Network("10.200.0.0/14"), *taken, *subnets.host_routes()]
        return str(subnets.free_range(22, avoid))


def _unused_name(purpose: str, root: Path) -> tuple[str, IO[str]]:
    """Return a stack name and the locked file that reserves it for this process.

    The first one that is free: what an interrupted run left is found and removed, and two runs in one checkout do not
    meet.
    """
    folder = Stack("dev", root).state_folder
    Stack("dev", root).make_folders()
    checkout = hashlib.sha256(str(root).encode()).hexdigest()[:4]
    for number in range(10):
        name = f"t-{purpose}-{checkout}{number}"
        reserved = (folder / f"{name}.in-use").open("w")
        try:
            fcntl.flock(reserved, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reserved.close()
        else:
            return name, reserved
    raise RuntimeError(f"ten runs of the tests that make a stack t-{purpose} are under way in {root}")


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(*PORTS)  # noqa: S311 - no secret
        if port not in found and ports.is_free(port):
            found.append(port)
    return found


def descendants(pid: int) -> list[int]:
    """Return all processes below `pid`, from /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found

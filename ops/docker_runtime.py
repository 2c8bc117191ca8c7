"""A Docker Engine as the command line sees it: the only module of `ops` that runs the docker command.

Finds a stack by its labels alone, so that it still sees what a lost state has forgotten.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from config import topology
from ops.docker_formats import SETTINGS_FOLDER, archive, network, replica, volume
from ops.errors import OperatorError
from ops.runtime import Errand, Machine, Network, Replica, Volume

MIB = 1024 * 1024
RUNS = (topology.KIND_WORKLOAD, topology.KIND_JOB, topology.KIND_SCHEDULE)
ERRAND_MEMORY = "256m"
GONE = ("No such", "not found", "is already in progress")


class DockerRuntime:
    """The Docker Engine that DOCKER_HOST names, or the local one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def machine(self) -> Machine:
        """Return the machine.

        Raises:
            OperatorError: Docker is not there, does not answer, or the operator may not use it.
        """
        info = json.loads(self._docker("info", "--format", "{{json .}}"))
        if not info.get("ServerVersion"):
            raise self._explained("; ".join(info.get("ServerErrors") or ["no answer"]), ("info",))
        folder = info["DockerRootDir"]
        return Machine(memory_mib=info["MemTotal"] // MIB, data_folder=folder if Path(folder).is_dir() else "")

    def replicas(self, stack: str) -> list[Replica]:
        """Return what the stack has, running or not."""
        return [replica for replica in self._containers(stack) if replica.kind in RUNS]

    def carriers(self, stack: str) -> list[Replica]:
        """Return the containers that carry configuration, and errands."""
        return [replica for replica in self._containers(stack) if replica.kind not in RUNS]

    def networks(self) -> list[Network]:
        """Return all networks of the machine."""
        ids = self._docker("network", "ls", "--quiet", "--no-trunc").split()
        return [network(details) for details in self._inspect("network", ids)]

    def volumes(self, stack: str) -> list[Volume]:
        """Return the stack's volumes."""
        names = self._docker("volume", "ls", "--quiet", "--filter", f"label={topology.LABEL_STACK}={stack}").split()
        return sorted((volume(details) for details in self._inspect("volume", names)), key=lambda found: found.name)

    def published(self) -> dict[int, str]:
        """Return who publishes ports on this machine."""
        ids = self._docker("ps", "--quiet", "--no-trunc").split()
        return {
            int(binding["HostPort"]): details["Name"].lstrip("/")
            for details in self._inspect("container", ids)
            for bindings in (details["NetworkSettings"]["Ports"] or {}).values()
            for binding in bindings or []
        }

    def remove(
        self, *, replicas: Sequence[str] = (), networks: Sequence[str] = (), volumes: Sequence[str] = ()
    ) -> None:
        """Remove containers, then networks, then volumes; what is gone already is no fault."""
        commands = (
            (("rm", "--force", "--volumes"), replicas),
            (("network", "rm"), networks),
            (("volume", "rm"), volumes),
        )
        for command, names in commands:
            for name in names:
                try:
                    self._docker(*command, name)
                except OperatorError as error:
                    if not any(sign in error.what for sign in GONE):
                        raise

    def log_command(self, replica: Replica, *, follow: bool, tail: str) -> list[str]:
        """Return the command that prints a replica's log."""
        return ["docker", "logs", "--tail", tail, *(["--follow"] if follow else []), replica.id]

    def image_of(self, stack: str, name: str) -> str:
        """Return the id of the image of this project that the stack uses, or else the one built last.

        Raises:
            OperatorError: there is none.
        """
        ids = self._docker("image", "ls", "--quiet", "--no-trunc", f"ainp/{name}").split()
        if not ids:
            raise OperatorError(f"image ainp/{name} is not built", remedy="`ainp up` builds it")
        used = {replica.image for replica in self._containers(stack)}
        found = self._inspect("image", sorted(used.intersection(ids)) or ids)
        return str(max(found, key=lambda details: details["Created"])["Id"])

    def run_errand(self, errand: Errand) -> int:
        """Run a command in a container of its own, on the operator's terminal, and return its exit code.

        Secrets go into a volume that only this container sees and that is removed with it.
        """
        name = topology.resource_name(errand.labels[topology.LABEL_STACK], "errand", uuid.uuid4().hex[:8])
        terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        labels = [part for key, value in errand.labels.items() for part in ("--label", f"{key}={value}")]
        variables = [part for key, value in errand.environment.items() for part in ("--env", f"{key}={value}")]
        with self._volume(name, labels) as mounted:
            self._docker(
                "create", "--name", name, "--interactive", *terminal, *labels, *variables, "--network", errand.network,
                "--user", f"{errand.user}:{errand.user}", "--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,size=16m",  # noqa: S108 - inside the container
                "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", ERRAND_MEMORY,
                "--pids-limit", "64", "--log-driver", "none", "--volume", f"{mounted}:{SETTINGS_FOLDER}",
                errand.image, *errand.command,
            )  # fmt: skip
            try:
                self._docker("cp", "-", f"{name}:{SETTINGS_FOLDER}", stdin=archive(errand.files, errand.user))
                return subprocess.run(
                    ["docker", "start", "--attach", "--interactive", name], env=self._environment, check=False
                ).returncode
            finally:
                self.remove(replicas=[name])

    @contextlib.contextmanager
    def _volume(self, name: str, labels: Sequence[str]) -> Iterator[str]:
        self._docker("volume", "create", *labels, name)
        try:
            yield name
        finally:
            self.remove(volumes=[name])

    def _containers(self, stack: str) -> list[Replica]:
        ids = self._docker(
            "ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={topology.LABEL_STACK}={stack}"
        ).split()
        found = [replica(details) for details in self._inspect("container", ids)]
        return sorted(found, key=lambda each: (each.kind != topology.KIND_WORKLOAD, each.service, each.number))

    def _inspect(self, kind: str, names: Sequence[str]) -> list[dict[str, Any]]:
        if not names:
            return []
        try:
            return list(json.loads(self._docker(kind, "inspect", *names)))
        except OperatorError as error:
            if not any(sign in error.what for sign in GONE):
                raise
            # one of them went away between the two commands: ask for each
            each = (self._inspect_one(kind, name) for name in names)
            return [details for details in each if details]

    def _inspect_one(self, kind: str, name: str) -> dict[str, Any] | None:
        try:
            return dict(json.loads(self._docker(kind, "inspect", name))[0])
        except OperatorError:
            return None

    def _docker(self, *arguments: str, stdin: bytes = b"") -> str:
        try:
            done = subprocess.run(
                ["docker", *arguments], env=self._environment, input=stdin, capture_output=True, check=True
            )
        except FileNotFoundError as error:
            raise OperatorError(
                "the docker command is not on PATH", remedy="install Docker, or run `make up`, which does"
            ) from error
        except subprocess.CalledProcessError as error:
            raise self._explained(error.stderr.decode(errors="replace"), arguments) from error
        return done.stdout.decode()

    def _explained(self, output: str, arguments: Sequence[str]) -> OperatorError:
        text = output.strip()
        host = self._environment.get("DOCKER_HOST")
        where = f"at DOCKER_HOST={host}" if host else "on this machine"
        if "permission denied" in text.lower() and "connect" in text.lower():
            return OperatorError(
                f"Docker Engine {where}: user {_user()} may not use it",
                remedy="add the user to the group `docker` and log in again, or run as root",
            )
        if any(sign in text for sign in ("Cannot connect", "daemon running", "connection refused", "no such host")):
            return OperatorError(
                f"Docker Engine {where}: does not answer ({text.splitlines()[-1]})",
                remedy=f"start what listens at {host}, or unset DOCKER_HOST"
                if host
                else "start it (`systemctl start docker`, or `make up` as root); `ainp doctor` says more",
            )
        return OperatorError(f"docker {' '.join(arguments[:2])}: {text}")


def _user() -> str:
    return os.environ.get("USER") or str(os.getuid())

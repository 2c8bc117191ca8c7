"""Real NATS servers for tests: the built image with the rendered configuration, on ports of 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from components.docker import images
from config import certificates, nats_conf, provision, streams
from config.nats_identities import NatsIdentities
from jobs.nats_session import Login, connected
from ops.agents import NatsAccess

ROOT = Path(__file__).parents[3]
LABEL = "ainp.stack=t-nats"
STORAGE_GIB = 1
RETENTION_DAYS = 7
TOKEN = secrets.token_urlsafe(32)
READY_SECONDS = 30


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True)


def image_of_the_stack() -> str:
    """Return the tag under which the stacks of this checkout run images/nats, once one is up."""
    return images.tag("nats", images.assemble("nats", os.environ.get("SSL_CERT_FILE", "")))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(condition: Any, what: str, seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.2)


def remove_leftovers() -> None:
    """Remove what test runs left whose process is gone."""
    for kind in ("container", "volume", "network"):
        every = ("--all",) if kind == "container" else ()
        for name in docker(kind, "ls", *every, "--quiet", "--filter", f"label={LABEL}").stdout.split():
            labels = json.loads(docker(kind, "inspect", name).stdout)[0]
            labels = labels.get("Config", labels)["Labels"]
            if not Path(f"/proc/{labels.get('ainp.test.pid', 0)}").exists():
                docker(kind, "rm", "--force", name, check=False)


@dataclass
class NatsServer:
    """One container. Its folder holds what /etc/ainp holds in a stack, and the provision job's files."""

    image: str
    folder: Path
    auth: str = "jwt"
    keys: NatsIdentities = field(default_factory=NatsIdentities.generate)
    host: str = "nats-0"
    peers: tuple[str, ...] = ("nats-0",)
    network: str = "bridge"
    authority: certificates.KeyPair | None = None

    def __post_init__(self) -> None:
        self.name = f"t-nats-{secrets.token_hex(4)}"
        self.port, self.monitoring_port = free_port(), free_port()
        self.etc = self.folder / "etc"
        (self.etc / "tls").mkdir(parents=True)
        self._labels = ("--label", LABEL, "--label", f"ainp.test.pid={os.getpid()}")
        self.write_configuration()
        self.write_certificates()

    @property
    def url(self) -> str:
        return f"tls://localhost:{self.port}"

    @property
    def ca_file(self) -> str:
        return str(self.etc / "tls" / "ca.crt")

    @property
    def access(self) -> NatsAccess:
        return NatsAccess(url=self.url, ca_file=self.ca_file, identities=self.keys)

    @property
    def size(self) -> dict[str, int]:
        return {"replicas": len(self.peers), "storage_gib": STORAGE_GIB}

    def write_certificates(self) -> None:
        now, day = datetime.now(UTC), timedelta(days=1)
        authority = self.authority or certificates.make_authority("t-nats", now=now, validity=2 * day)
        pair = certificates.issue(authority, [*self.peers, "localhost", "127.0.0.1"], now=now, validity=day)
        texts = {"ca.crt": authority.certificate, "tls.crt": pair.certificate, "tls.key": pair.private_key}
        for name, text in texts.items():
            (self.etc / "tls" / name).write_text(text)

    def write_configuration(self) -> None:
        jwt = self.auth == "jwt"
        disk = {
            "message_disk_bytes": streams.message_disk_bytes(**self.size),
            "registry_disk_bytes": streams.registry_disk_bytes(**self.size),
        }
        text = nats_conf.render(
            cluster="t-nats",
            peers=self.peers,
            auth="jwt" if jwt else "token",
            storage_gib=2 * STORAGE_GIB,
            memory_mib=256,
            max_payload_kib=1024,
            sync_interval="2m",
            operator_jwt=self.keys.operator_jwt if jwt else "",
            accounts=self.keys.account_jwts(**disk) if jwt else None,
        )
        (self.etc / "nats.conf").write_text(text)
        if not jwt:
            (self.etc / "auth.conf").write_text(nats_conf.token_auth(TOKEN))

    def create(self) -> None:
        docker("volume", "create", *self._labels, self.name)
        self._run()

    def _run(self) -> None:
        docker(
            "run", "--detach", "--name", self.name, *self._labels, "--hostname", self.host, "--read-only",
            "--network", self.network, *(("--network-alias", self.host) if self.network != "bridge" else ()),
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--stop-timeout", "60",
            "--volume", f"{self.name}:/data", "--volume", f"{self.etc}:/etc/ainp:ro",
            "--env", "AINP_PRE_STOP=" + ("lame-duck" if len(self.peers) > 1 else ""),
            "--publish", f"127.0.0.1:{self.port}:4222", "--publish", f"127.0.0.1:{self.monitoring_port}:8222",
            self.image,
        )  # fmt: skip

    def replace(self) -> None:
        """Make a new container on the same volume, as a change of the configuration does."""
        docker("rm", "--force", self.name)
        self._run()

    def health(self) -> tuple[int, str]:
        done = docker("exec", self.name, "health", check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def wait_healthy(self) -> None:
        wait_for(lambda: self.health()[0] == 0, f"{self.name}: health")

    def restart(self) -> None:
        docker("restart", self.name)
        self.wait_healthy()

    def logs(self) -> str:
        done = docker("logs", self.name)
        return done.stdout + done.stderr

    def remove(self) -> None:
        docker("rm", "--force", self.name, check=False)
        docker("volume", "rm", "--force", self.name, check=False)

    def wanted(self, servers: list[str] | None = None, storage_gib: int = STORAGE_GIB) -> dict[str, Any]:
        """Return the description that the provision job reads."""
        size = self.size | {"storage_gib": storage_gib}
        messages = streams.message_streams(**size, retention_days=RETENTION_DAYS, max_message_kib=256)
        if self.auth == "token":
            text = provision.render(servers=[self.url], auth="token", streams=messages)
        else:
            text = provision.render(
                servers=servers or [self.url],
                auth="jwt",
                streams=messages,
                registry=streams.agents_bucket(**size),
                accounts=self.keys.account_claims(
                    message_disk_bytes=streams.message_disk_bytes(**size),
                    registry_disk_bytes=streams.registry_disk_bytes(**size),
                ),
            )
        parsed: dict[str, Any] = json.loads(text)
        return parsed | {"wait_seconds": 10}

    def provision(self, *arguments: str, wanted: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the job as a process, as its container does."""
        folder = self.folder / "job"
        (folder / "tls").mkdir(parents=True, exist_ok=True)
        shutil.copy(self.ca_file, folder / "tls" / "ca.crt")
        files = provision.token_secrets(TOKEN) if self.auth == "token" else provision.jwt_secrets(self.keys)
        for path, text in files.items():
            (folder / Path(path).name).write_text(text)
        (folder / "provision.json").write_text(json.dumps(wanted or self.wanted()))
        command = [sys.executable, "-m", "jobs.provision", "--config", str(folder / "provision.json"), *arguments]
        return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    def login(self, user: str, creds: str = "", token: str = "") -> Any:
        """Connect as a user; `async with server.login(...) as client`."""
        return connected([self.url], self.ca_file, Login(user=user, creds=creds, token=token), wait_seconds=5)

    def admin(self) -> Any:
        return self.login("admin", self.keys.admin_creds)


async def gather(*calls: Any) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)

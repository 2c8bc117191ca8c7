"""TLS and login: what must not connect does not; beside each refusal, what does."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import certificates
from jobs import provision
from jobs.nats_session import Login, SessionError, connected
from tests.e2e.nats.server import TOKEN, NatsServer, docker


def pong(connection: socket.socket) -> bool:
    """Log in without credentials and tell whether the server answers a ping."""
    connection.settimeout(3)
    connection.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n')
    heard = b""
    try:
        while chunk := connection.recv(4096):
            heard += chunk
            if b"PONG" in heard:
                return True
    except OSError:
        pass
    return False


async def test_the_wrong_ca_is_refused_at_once(server: NatsServer, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    other = tmp_path / "ca.crt"
    other.write_text(certificates.make_authority("other", now=now, validity=timedelta(days=1)).certificate)
    login = Login(user="admin", creds=server.keys.admin_creds)
    started = time.monotonic()
    with pytest.raises(SessionError, match="certificate not accepted"):
        async with connected([server.url], str(other), login, wait_seconds=30):
            pass
    assert time.monotonic() - started < 10
    async with connected([server.url], server.ca_file, login, wait_seconds=30) as client:
        assert client.is_connected, "control: the stack's CA"


def test_a_client_without_tls_gets_nowhere(token_server: NatsServer) -> None:
    with socket.create_connection(("127.0.0.1", token_server.port)) as plain:
        assert b'"tls_required":true' in plain.recv(4096)
        assert not pong(plain)


@pytest.mark.parametrize(("version", "accepted"), [(ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)])
def test_only_tls_1_3_is_spoken(server: NatsServer, version: ssl.TLSVersion, accepted: bool) -> None:
    context = ssl.create_default_context(cafile=server.ca_file)
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        plain.recv(4096)
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                spoken = secured.version()
        except (ssl.SSLError, OSError):
            spoken = None
    assert spoken == ("TLSv1.3" if accepted else None)


def test_monitoring_answers_with_tls_only(server: NatsServer) -> None:
    address = f"localhost:{server.monitoring_port}"
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f"http://{address}/healthz", timeout=3)
    context = ssl.create_default_context(cafile=server.ca_file)
    with urllib.request.urlopen(f"https://{address}/healthz", timeout=3, context=context) as answer:
        assert answer.status == 200, "control: with TLS"


async def test_with_a_token_only_the_token_lets_in(token_server: NatsServer) -> None:
    for wrong in ("", "x" * 43, TOKEN[:-1]):
        with pytest.raises(SessionError, match="was refused"):
            async with token_server.login("admin", token=wrong):
                pass
    async with token_server.login("admin", token=TOKEN) as client:
        assert client.is_connected, "control: the right one"


async def test_streams_are_provisioned_and_used_with_a_token_too(token_server: NatsServer) -> None:
    async with token_server.login("admin", token=TOKEN) as client:
        stored = await client.jetstream().publish("ainp.agent.0192f0c1-2b3c-7d4e-8f50-61728394a5b6.intents", b"x")
    assert stored.stream == "AINP_INTENTS"
    assert token_server.provision("--check").returncode == provision.DONE


def test_health_verifies_the_servers_certificate(server: NatsServer) -> None:
    def health(*environment: str) -> subprocess.CompletedProcess[str]:
        return docker("exec", *environment, server.name, "health", check=False)

    assert health().returncode == 0, "control"
    wrong = health("--env", "AINP_HEALTH_NAME=other")
    assert wrong.returncode == 1
    assert "certificate is valid for" in wrong.stdout


def test_the_container_runs_as_a_user_of_its_own_without_capabilities(server: NatsServer) -> None:
    status = docker("exec", server.name, "cat", "/proc/1/status").stdout
    assert "Uid:\t10010\t10010\t10010\t10010" in status
    assert "CapEff:\t0000000000000000" in status
    assert docker("exec", server.name, "touch", "/etc/x", check=False).returncode != 0

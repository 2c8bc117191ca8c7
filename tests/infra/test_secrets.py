"""No secret of the stack can be read where secrets do not belong."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

from config import topology
from ops import stack as stacks
from ops.engine import Engine
from tests.infra.conftest import RunningStack, docker


@pytest.fixture(scope="module")
def secrets(stack: RunningStack) -> dict[str, str]:
    """Every seed and token, and the private key that a server serves with."""
    found: dict[str, str] = {}
    if stack.settings.nats.auth == "jwt":
        found |= {name: one for name, one in json.loads(stack.identities.to_json()).items() if name.endswith("_seed")}
    else:
        found["token"] = stack.outputs["nats_token"]
    (server, *_) = [one for one in stack.containers if one.service == "nats"]
    key = server.host.check_output("cat /etc/ainp/tls/tls.key")
    found["private key"] = key.splitlines()[1]
    assert len(found) >= 2
    return found


def assert_clean(text: str, secrets: dict[str, str], where: str) -> None:
    leaked = [name for name, value in secrets.items() if value in text]
    assert not leaked, f"{where} shows {leaked}"


def test_inspection_shows_no_secret(stack: RunningStack, secrets: dict[str, str]) -> None:
    ids = docker("ps", "--all", "--quiet", "--filter", f"label={topology.LABEL_STACK}={stack.name}").split()
    assert_clean(docker("inspect", *ids), secrets, "docker inspect")


def test_environment_and_arguments_of_every_process_show_no_secret(
    stack: RunningStack, secrets: dict[str, str]
) -> None:
    for one in stack.containers:
        assert_clean(one.host.check_output("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), secrets, f"{one.name} arguments")
        assert_clean(one.host.check_output("cat /proc/self/environ | tr '\\0' ' '"), secrets, f"{one.name} environment")


def test_logs_show_no_secret(stack: RunningStack, secrets: dict[str, str]) -> None:
    for one in stack.containers:
        assert_clean(docker("logs", one.name), secrets, f"log of {one.name}")


def state_files(backend: Path) -> Iterator[tuple[Path, str]]:
    for path in backend.rglob("*"):
        if path.is_file() and not path.is_symlink():
            raw = path.read_bytes()
            yield path, (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode(errors="replace")


def test_the_state_and_the_engines_logs_show_no_secret(stack: RunningStack, secrets: dict[str, str]) -> None:
    backend = urlparse(Engine(stacks.named(None)).environment.get("PULUMI_BACKEND_URL", os.environ.get("X", "")))
    if backend.scheme != "file":
        pytest.skip("the state is kept elsewhere; its own access rules hold")
    files = [*state_files(Path(backend.path)), *state_files(stacks.named(None).logs_folder)]
    assert any(stack.name in path.name for path, _ in files), "control: the state was found"
    for path, text in files:
        assert_clean(text, secrets, str(path))

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.nats.server import NatsServer, build_image, remove_leftovers


@pytest.fixture(scope="session")
def image() -> str:
    """The image to test: the one that a stack of this checkout runs."""
    remove_leftovers()
    return build_image()


def running(server: NatsServer) -> Iterator[NatsServer]:
    try:
        server.create()
        server.wait_healthy()
        done = server.provision()
        assert done.returncode == 0, done.stderr + server.logs()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def server(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One provisioned server in operator mode."""
    yield from running(NatsServer(image, served(tmp_path_factory)))


@pytest.fixture(scope="module")
def token_server(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One provisioned server with a shared token."""
    yield from running(NatsServer(image, served(tmp_path_factory), auth="token"))


def served(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("nats")

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.nats.server import NatsServer, image_of_the_stack, remove_leftovers
from tests.e2e.sandbox import Sandbox


@pytest.fixture(scope="session")
def image(stack: Sandbox) -> str:
    """The image to test: the one that the stack runs, built by the engine as for any user."""
    remove_leftovers()
    return image_of_the_stack()


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

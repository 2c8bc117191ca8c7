from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.sandbox import Sandbox


@pytest.fixture(scope="session")
def stack() -> Iterator[Sandbox]:
    """A stack that is up. Whoever changes it leaves it up and settled."""
    sandbox = Sandbox("ops")
    try:
        sandbox.up()
        yield sandbox
    finally:
        sandbox.close()


@pytest.fixture
def settings(stack: Sandbox) -> Iterator[Sandbox]:
    """The same stack, for a test that changes its settings file: it is put back afterwards."""
    before = stack.stack.settings_file.read_text()
    yield stack
    stack.stack.settings_file.write_text(before)

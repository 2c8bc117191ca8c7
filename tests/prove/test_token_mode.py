"""`auth: token`, the alternative for development, as a whole stack: up, used, verified; agents are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.sandbox import Sandbox
from tests.prove import report

pytestmark = pytest.mark.prove

SOURCES = (
    "components/nats.py",
    "config/nats_conf.py",
    "config/provision.py",
    "jobs/*.py",
    "tests/prove/test_token_mode.py",
)


@pytest.fixture
def token_stack() -> Iterator[Sandbox]:
    sandbox = Sandbox("token")
    try:
        sandbox.configure(auth="token")
        sandbox.up()
        yield sandbox
    finally:
        sandbox.close()


def test_a_stack_with_one_token_for_all_works_and_knows_no_agents(token_stack: Sandbox) -> None:
    listed = token_stack.ainp("nats", "stream", "ls", "--names")
    assert "AINP_INTENTS" in listed.stdout, listed.stderr
    refused = token_stack.ainp("agent", "add", "alice")
    assert refused.returncode != 0
    assert "ainp:nats.auth = 'token' knows no agents" in " ".join(refused.stderr.split())
    verified = token_stack.ainp("verify")
    assert verified.returncode == 0, verified.stdout
    token_stack.assert_settled()
    report.write("token-mode", SOURCES, {"verify": verified.stdout.rstrip().splitlines()[-1].strip("= ")})

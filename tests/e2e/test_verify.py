"""`ainp verify` passes on a stack that is well, and fails on one that is not."""

from __future__ import annotations

import re

from tests.e2e.sandbox import Sandbox
from tests.infra.conftest import docker

CLOSING = re.compile(r"=+ .*\b(passed|failed)\b.* in [0-9.:]+s.*=+$")


def test_verify_passes_on_a_stack_that_is_up_and_ends_with_pytests_line(stack: Sandbox) -> None:
    done = stack.ainp("verify")
    assert done.returncode == 0, done.stdout
    last = done.stdout.rstrip().splitlines()[-1]
    assert CLOSING.match(last), last
    assert "failed" not in last


def test_verify_finds_a_container_that_others_were_let_in_to(stack: Sandbox) -> None:
    nats = stack.container("nats").name
    docker("network", "connect", "bridge", nats)
    try:
        done = stack.ainp("verify", "--", "-k", "outside_its_clients or default_network")
    finally:
        docker("network", "disconnect", "bridge", nats)
    assert done.returncode == 1
    assert "2 failed" in done.stdout.rstrip().splitlines()[-1]
    assert stack.ainp("verify", "--", "-k", "outside_its_clients or default_network").returncode == 0, "control"

"""Faults of a running stack: each is seen, and the next plain `ainp up` puts it right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from ops.stack import PROJECT
from tests.e2e.sandbox import Sandbox


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def test_a_container_that_was_killed_is_seen_and_started_again(stack: Sandbox) -> None:
    name = stack.container().name
    docker("update", "--restart", "no", name)
    docker("kill", name)
    assert stack.health()["nats"] == "stopped (exit code 137)"
    stack.up()
    stack.assert_settled()


def test_a_container_that_was_removed_is_seen_and_made_again(stack: Sandbox) -> None:
    docker("rm", "--force", stack.container().name)
    assert stack.health()["nats"] == "missing"
    stack.up()
    stack.assert_settled()


def test_a_missing_state_never_creates_over_data_and_names_the_recovery(stack: Sandbox) -> None:
    before = stack.container().id
    file = stack.stack.backend_folder / ".pulumi" / "stacks" / PROJECT / f"{stack.name}.json"
    aside = file.with_suffix(".aside")
    file.rename(aside)
    try:
        refused = stack.ainp("up")
        plain = stack.pulumi(f"up --stack {stack.name} --yes --skip-preview")
    finally:
        aside.rename(file)
    for done in (refused, plain):
        text = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0
        assert f"data volumes exist that the state does not know: ainp-{stack.name}-nats-1-data" in text
        assert f"ainp reset --stack {stack.name}" in text
    assert stack.container().id == before
    stack.up()
    stack.assert_settled()


HANG = """for folder in /proc/[0-9]*; do
  read -r name < $folder/comm && [ "$name" = nats-server ] && kill -{signal} ${{folder#/proc/}}
done; true"""


@pytest.fixture
def hanging(settings: Sandbox) -> Iterator[Sandbox]:
    """NATS hangs, so that the next run of the provision job fails for a cause that will pass."""
    name = settings.container().name
    docker("exec", name, "sh", "-c", HANG.format(signal="STOP"))
    yield settings
    docker("exec", name, "sh", "-c", HANG.format(signal="CONT"))


def test_a_job_that_failed_for_a_passing_cause_runs_again_at_the_next_up(hanging: Sandbox) -> None:
    hanging.configure(retention_days=3)
    failed = hanging.ainp("up")
    assert failed.returncode == 1, failed.stdout
    assert "provision" in failed.stderr
    assert f"log of ainp-{hanging.name}-provision" in failed.stdout
    docker("exec", hanging.container().name, "sh", "-c", HANG.format(signal="CONT"))
    hanging.up()
    hanging.assert_settled()
    stream = json.loads(hanging.ainp("nats", "stream", "info", "AINP_INTENTS", "--json").stdout)
    assert stream["config"]["max_age"] == 3 * 24 * 3600 * 10**9


def test_an_up_that_is_killed_halfway_is_repaired_by_the_next(stack: Sandbox) -> None:
    docker("rm", "--force", stack.container().name)
    process = stack.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "create container nats-1" in line:
            break
    stack.kill_tree(process)
    process.wait(timeout=60)
    stack.up()
    stack.assert_settled()

"""A stack's life on real containers, through `ainp` and through plain pulumi."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.stack import CHECKOUT
from tests.e2e.sandbox import Sandbox
from toolchain.environment import tool_environment


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_status_reports_every_service_healthy_at_its_endpoint(stack: Sandbox) -> None:
    rows = json.loads(stack.ainp("status", "--json").stdout)
    assert {"service": "nats", "endpoint": f"127.0.0.1:{stack.client_port}", "health": "healthy"} in rows
    assert all(set(row) == {"service", "endpoint", "health"} and row["health"] == "healthy" for row in rows)


def test_a_second_up_changes_nothing(stack: Sandbox) -> None:
    assert "no change" in stack.up()


@pytest.mark.parametrize("refresh", ["", "--refresh"])
def test_plain_pulumi_in_the_environment_of_ainp_env_previews_no_change(stack: Sandbox, refresh: str) -> None:
    done = stack.pulumi(f"preview --stack {stack.name} {refresh} --expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_env_prints_no_secret_unless_asked(stack: Sandbox) -> None:
    printed = stack.ainp("env").stdout
    assert stack.stack.passphrase_file.read_text().strip() not in printed
    assert f"export NATS_URL=tls://127.0.0.1:{stack.client_port}" in printed
    ca_file = stack.stack.ca_file
    assert f"export AINP_CA_FILE={ca_file}" in printed
    assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in ca_file.read_text()


def test_what_the_engine_did_is_kept_without_any_secret(stack: Sandbox) -> None:
    outputs = json.loads(stack.pulumi(f"stack output --stack {stack.name} --json --show-secrets").stdout)
    identities = json.loads(outputs["nats_identities"])
    seeds = [value for value in identities.values() if isinstance(value, str)]
    kept = "".join(file.read_text() for file in stack.stack.logs_folder.iterdir())
    assert "nats-1" in kept
    assert len(seeds) >= 8
    assert not [seed for seed in seeds if seed in kept]
    assert "PRIVATE KEY" not in kept


def test_the_client_reaches_nats_with_credentials_that_stay_nowhere(stack: Sandbox) -> None:
    done = stack.ainp("nats", "stream", "ls", "--names")
    assert done.returncode == 0, done.stderr
    assert "AINP_INTENTS" in done.stdout
    assert stack.ainp("nats", "stream", "info", "NO_SUCH_STREAM").returncode != 0
    left = [each.name for each in stack.runtime.volumes(stack.name) if "errand" in each.name]
    assert left == []


def test_logs_show_what_a_service_prints(stack: Sandbox) -> None:
    assert "Server is ready" in stack.ainp("logs", "nats").stdout
    refused = stack.ainp("logs", "postgres")
    assert refused.returncode == 1
    assert "it has: drift-check, nats, provision" in refused.stderr


def test_an_agent_can_be_added_listed_and_revoked(stack: Sandbox) -> None:
    assert stack.ainp("agent", "add", "planner-1").returncode == 0
    assert "planner-1" in stack.ainp("agent", "list").stdout
    assert stack.ainp("agent", "revoke", "planner-1").returncode == 0
    assert "revoked" in stack.ainp("agent", "list").stdout


def test_down_keeps_the_data_and_the_next_up_goes_on_with_it(stack: Sandbox) -> None:
    stack.ainp("nats", "publish", "ainp.agent.00000000-0000-4000-8000-000000000001.intents", "kept")
    refused = stack.ainp("down")
    assert refused.returncode != 0, "it asks, and nobody answered yes"
    done = stack.ainp("down", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"kept: ainp-{stack.name}-nats-1-data" in done.stdout
    assert stack.health() == {}
    stack.up()
    state = json.loads(stack.ainp("nats", "stream", "info", "AINP_INTENTS", "--json").stdout)["state"]
    assert state["messages"] == 1


def test_git_sees_nothing_of_a_stack_that_is_up(stack: Sandbox) -> None:
    seen = git(stack.root, "status", "--porcelain", "--", "Pulumi*.yaml", ".state", ".build", "Pulumi.dev.yaml")
    assert seen == ""


def test_a_fresh_clone_previews_dev_and_its_git_status_stays_clean(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(CHECKOUT, "clone", "--quiet", "--local", str(CHECKOUT), str(clone))
    environment = {**os.environ, **tool_environment(), "PYTHONPATH": str(clone)}
    for variable in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "AINP_STACK"):
        environment.pop(variable, None)
    venv = Path(sys.executable).parent
    environment["PATH"] = f"{venv}{os.pathsep}{environment['PATH']}"
    ainp = f"'{sys.executable}' -c 'from ops.main import app; app()'"
    script = f'eval "$({ainp} env)" && pulumi stack init dev --no-select && pulumi config --stack dev'
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "development" in done.stdout
    assert git(clone, "status", "--porcelain") == ""

"""What is refused, and how: path, value, rule and remedy, a non-zero exit code, no traceback, nothing half-made."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.sandbox import Sandbox

QUICKLY_SECONDS = 30


def refused(sandbox: Sandbox, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the error of a command that must be refused before anything is touched."""
    before = {each.id for each in sandbox.runtime.replicas(sandbox.name)}
    since = time.monotonic()
    done = sandbox.ainp(*arguments, environment=environment)
    assert time.monotonic() - since < QUICKLY_SECONDS
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert {each.id for each in sandbox.runtime.replicas(sandbox.name)} == before
    return done.stderr


BAD_SETTINGS = [
    ({"replica": 3}, "ainp:nats.replica: no such setting; did you mean 'replicas'?"),
    ({"replicas": "three"}, "ainp:nats.replicas = 'three': input should be a valid integer"),
    ({"replicas": 2}, "ainp:nats.replicas = 2: must be odd"),
    ({"replicas": 0}, "ainp:nats.replicas = 0: input should be greater than or equal to 1"),
    ({"memory_mib": 16}, "ainp:nats.memory_mib = 16: input should be greater than or equal to 128"),
]


@pytest.mark.parametrize(("setting", "said"), BAD_SETTINGS)
def test_a_bad_setting_is_refused(settings: Sandbox, setting: dict[str, Any], said: str) -> None:
    settings.configure(**setting)
    error = refused(settings, "up")
    assert f"Pulumi.{settings.name}.yaml: 1 setting is refused" in error
    assert said in error


def test_plain_pulumi_refuses_a_bad_setting_too(settings: Sandbox) -> None:
    settings.configure(replicas=2)
    done = settings.pulumi(f"preview --stack {settings.name}")
    assert done.returncode != 0
    assert "ainp:nats.replicas = 2: must be odd" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_stack_name_that_is_no_dns_label_is_refused(stack: Sandbox) -> None:
    assert "must be a DNS label" in refused(stack, "up", "--stack", "My_Stack")


def test_a_taken_port_is_refused_with_its_holder_and_a_free_one(settings: Sandbox) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings.configure(client_port=port)
        error = refused(settings, "up")
    assert f"ainp:nats.client_port = {port}: the port is taken by process" in error
    assert "pulumi config set --path 'ainp:nats.client_port'" in error


def test_an_overlapping_network_is_refused_by_name(settings: Sandbox) -> None:
    name = f"{settings.name}-in-the-way"
    subnet = settings.cidr.replace("/22", "/24")
    own = [each for each in settings.runtime.networks() if each.stack == settings.name]
    free = settings._free_range()
    subnet = free.replace("/22", "/28")
    subprocess.run(
        ["docker", "network", "create", "--label", f"ainp.stack={settings.name}-other", "--subnet", subnet, name],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        settings.write_settings({"ainp:network": {"cidr": free}})
        error = refused(settings, "up")
    finally:
        subprocess.run(["docker", "network", "rm", name], check=True, capture_output=True)
    assert own
    assert f"ainp:network.cidr = {free}: overlaps {subnet}, which is Docker network {name}" in error
    assert "pulumi config set --path 'ainp:network.cidr'" in error


def test_a_daemon_that_does_not_run_is_said(stack: Sandbox) -> None:
    host = "unix:///nowhere/docker.sock"
    done = stack.ainp("up", environment={"DOCKER_HOST": host})
    assert done.returncode == 1
    assert f"Docker Engine at DOCKER_HOST={host}: does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_daemon_that_may_not_be_used_is_said(stack: Sandbox, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    found = subprocess.run(["sh", "-c", "command -v docker"], stdout=subprocess.PIPE, text=True, check=True)
    docker.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups -- {found.stdout.strip()} "$@"\n')
    docker.chmod(0o755)
    path = f"{tmp_path}:{stack.environment['PATH']}"
    done = stack.ainp("up", environment={"PATH": path, "HOME": str(tmp_path), "USER": "nobody"})
    assert done.returncode == 1
    assert "user nobody may not use it" in done.stderr
    assert "group `docker`" in done.stderr


def test_a_wrong_passphrase_is_said_with_its_source(stack: Sandbox) -> None:
    error = refused(stack, "up", environment={"PULUMI_CONFIG_PASSPHRASE": "wrong"})
    assert "the passphrase in PULUMI_CONFIG_PASSPHRASE is not the one that its secrets were encrypted with" in error
    assert "unset PULUMI_CONFIG_PASSPHRASE" in error


def test_a_second_up_is_told_which_process_is_at_work(stack: Sandbox) -> None:
    first = stack.start("up")
    try:
        deadline = time.monotonic() + QUICKLY_SECONDS
        while not stack.stack.lock_file.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        second = stack.ainp("up")
        assert second.returncode == 1
        assert f"process {first.pid} (`ainp up`) is changing it" in second.stderr
    finally:
        output, _ = first.communicate(timeout=240)
    assert first.returncode == 0, output

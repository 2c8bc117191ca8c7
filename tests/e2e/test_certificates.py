"""Certificates that are about to expire are re-issued by the next `up`, and rotation replaces all of them."""

from __future__ import annotations

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import yaml

from config.loader import parse
from tests.e2e.sandbox import AINP, Sandbox

LATER = """\
import datetime, os

class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=int(os.environ["DAYS_LATER"]))

datetime.datetime = Later
"""
"""Read by every Python that starts with its folder on PYTHONPATH: the program's clock is ahead, and nothing else's."""


def replaced(stack: Sandbox, folder: Path, *, days_later: int) -> set[str]:
    """Return what a preview would replace if it ran so many days later."""
    (folder / "sitecustomize.py").write_text(LATER)
    ainp = " ".join(f"'{part}'" for part in AINP)
    clock = f"DAYS_LATER={days_later} PYTHONPATH='{folder}:{stack.root}'"
    script = f'eval "$({ainp} env)" && {clock} exec pulumi preview --stack {stack.name} --json'
    done = subprocess.run(
        ["bash", "-c", script], cwd=stack.root, env=stack.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps: list[dict[str, Any]] = json.loads(done.stdout)["steps"]
    return {step["urn"].rpartition("::")[2] for step in steps if "replace" in step["op"]}


def test_a_certificate_about_to_expire_is_replaced_and_rolls_its_service(stack: Sandbox, tmp_path: Path) -> None:
    pki = parse(stack.name, {}).pki
    assert replaced(stack, tmp_path, days_later=0) == set(), "control: made just now"
    later = replaced(stack, tmp_path, days_later=pki.validity_days - pki.renew_before_days)
    assert {"nats-certificate", "nats-1"} <= later
    assert "authority-ca" not in later, "the CA is valid for years yet"


def served(stack: Sandbox) -> str:
    return ssl.get_server_certificate(("127.0.0.1", stack.monitoring_port))


def test_rotation_replaces_every_certificate_and_the_ca(stack: Sandbox) -> None:
    file = stack.stack.settings_file
    text, certificate, ca = file.read_text(), served(stack), stack.stack.ca_file.read_text()
    try:
        stack.write_settings({**yaml.safe_load(text)["config"], "ainp:pki": {"rotation": 1}})
        stack.up()
        assert served(stack) != certificate
        assert stack.stack.ca_file.read_text() != ca
        done = stack.ainp("verify", "--", "-k", "chain_and_names")
        assert done.returncode == 0, done.stdout
    finally:
        file.write_text(text)
        stack.up()
    stack.assert_settled()

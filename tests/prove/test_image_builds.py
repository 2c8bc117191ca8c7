"""An image build that loses its network fails clearly, leaves nothing half-made, and succeeds at the next `up`."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.stack import CHECKOUT
from tests.e2e.sandbox import Sandbox
from tests.prove import report

pytestmark = pytest.mark.prove

SOURCES = (
    "components/docker/images.py",
    "images/scheduler/*",
    "ops/up.py",
    "ops/progress.py",
    "tests/prove/test_image_builds.py",
)
NETWORK_TROUBLE = re.compile(r".*(dial tcp|i/o timeout|Temporary failure resolving|Could not connect).*")
RULE = ("DOCKER-USER", "--in-interface", "docker0", "--jump", "DROP")
"""Builds run on Docker's default bridge and stacks do not, so only builds lose their network."""


@contextmanager
def no_network_for_builds() -> Iterator[None]:
    subprocess.run(["iptables", "--insert", *RULE], check=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "--delete", *RULE], check=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Sandbox]:
    """A copy of the checkout in which one image has never been built."""
    copy = tmp_path / "checkout"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, copy / name)
    with (copy / "images" / "scheduler" / "go.mod").open("a") as module:
        module.write(f"// {secrets.token_hex(8)}\n")
    sandbox = Sandbox("builds", root=copy)
    try:
        yield sandbox
    finally:
        sandbox.close()


def images() -> set[str]:
    # tags, not ids: the same program built from another comment is the same image
    command = ["docker", "images", "--format", "{{.Tag}}", "--filter", "reference=ainp/scheduler"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_a_build_without_a_network_says_so_and_the_next_up_builds(checkout: Sandbox) -> None:
    before = images()
    with no_network_for_builds():
        failed = checkout.ainp("up")
    said = failed.stdout + failed.stderr
    assert failed.returncode == 1
    assert "error: scheduler-image:" in said
    (command,) = re.findall(r"`(docker build [^`]*)`", " ".join(said.split()))
    with no_network_for_builds():
        shown = subprocess.run(command, shell=True, cwd=checkout.root, capture_output=True, text=True, check=False)  # noqa: S602
    found = NETWORK_TROUBLE.search(shown.stdout + shown.stderr)
    assert found, shown.stdout + shown.stderr
    assert images() == before, "a half-made image stayed"
    checkout.up()
    assert len(images() - before) == 1
    checkout.assert_settled()
    report.write(
        "image-builds",
        SOURCES,
        {"said": command, "which_shows": found.group(1), "next_up": "built, healthy, preview empty"},
    )

"""A change replaces the servers of a cluster one at a time, and a full cluster passes `ainp verify`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Self

import pytest

from config import topology
from tests.e2e.sandbox import Sandbox
from tests.prove import report

pytestmark = pytest.mark.prove

SOURCES = ("components/**/*.py", "images/nats/**/*", "images/shared/*", "tests/prove/test_rolling.py")
SERVERS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Sandbox]:
    sandbox = Sandbox("rolling")
    try:
        sandbox.configure(replicas=SERVERS)
        sandbox.up()
        yield sandbox
    finally:
        sandbox.close()


class Watch:
    """What happens to the servers' containers while the block runs: (server, what), in order."""

    def __init__(self, stack: str) -> None:
        filters = [f"label={topology.LABEL_STACK}={stack}", f"label={topology.LABEL_SERVICE}=nats", "type=container",
                   "event=die", "event=health_status"]  # fmt: skip
        # without a filter of events every health check adds three, and a full pipe would stop the watch
        command = ["docker", "events", "--format", "{{json .}}", *(f"--filter={one}" for one in filters)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.seen: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        printed, _unused = self._process.communicate()
        for event in map(json.loads, printed.splitlines()):
            action = event["Action"]
            if action == "die" or action.startswith("health_status"):
                self.seen.append(
                    (event["Actor"]["Attributes"][f"{topology.LABEL_REPLICA}"], action.split(":")[-1].strip())
                )


def test_a_change_rolls_the_servers_one_at_a_time(cluster: Sandbox) -> None:
    done = cluster.ainp("verify")
    assert done.returncode == 0, done.stdout
    verified = done.stdout.rstrip().splitlines()[-1]

    cluster.configure(replicas=SERVERS, max_payload_kib=128)
    with Watch(cluster.name) as watch:
        cluster.up()
    changes = [(server, what) for server, what in watch.seen if what in {"die", "healthy"}]
    assert changes == [(str(n), what) for n in range(1, SERVERS + 1) for what in ("die", "healthy")]
    cluster.assert_settled()

    report.write(
        "rolling",
        SOURCES,
        {
            "servers": SERVERS,
            "order": [f"server {server}: {what}" for server, what in changes],
            "verify": verified.strip("= "),
        },
    )

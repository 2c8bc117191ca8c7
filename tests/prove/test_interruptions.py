"""`ainp up` is interrupted at ten seeded moments, with SIGINT and with SIGKILL; the next `ainp up` repairs each.

SIGKILL falls in turn on `ainp` alone, whose engine then stops by itself, and on every process at once, as when the
power goes. Odd rounds begin with nothing, even ones with a stack that is rolled over by a change.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.sandbox import Sandbox
from tests.prove import report

SEED = 20260301
ROUNDS = 10
SOURCES = (
    "ops/engine.py", "ops/environment.py", "ops/file_backend.py", "ops/processes.py", "ops/repair.py",
    "ops/run_lock.py", "ops/up.py", "toolchain/versions.toml", "tests/prove/test_interruptions.py",
)  # fmt: skip
ENDS_WITHIN_SECONDS = 240
FIRST_SECONDS = 1.0

pytestmark = pytest.mark.prove


@dataclass
class Trial:
    """The stack under test, how long its `up` takes, and what each round found."""

    sandbox: Sandbox
    up_seconds: float
    rounds: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    sandbox = Sandbox("interrupt")
    try:
        sandbox.up()  # builds the images, which is not what is timed
        sandbox.ainp("down", "--volumes", "--yes")
        since = time.monotonic()
        sandbox.up()
        trial = Trial(sandbox, time.monotonic() - since)
        yield trial
        if len(trial.rounds) == 2 * ROUNDS:
            findings = {"seed": SEED, "uninterrupted_up_seconds": round(trial.up_seconds, 1), "rounds": trial.rounds}
            report.write("interruptions", SOURCES, findings)
    finally:
        sandbox.close()


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_up_is_repaired_by_the_next(trial: Trial, name: str, number: int) -> None:
    sandbox = trial.sandbox
    moment = random.Random(f"{SEED} {name} {number}").uniform(FIRST_SECONDS, trial.up_seconds)  # noqa: S311 - a test's
    if number % 2:
        sandbox.ainp("down", "--volumes", "--yes")
    else:
        sandbox.configure(max_payload_kib=128 + number)
    process = sandbox.start("up")
    time.sleep(moment)
    whole_tree = name == "SIGKILL" and number % 4 >= 2
    if whole_tree:
        sandbox.kill_tree(process)
    else:
        process.send_signal(getattr(signal, name))
    process.communicate(timeout=ENDS_WITHIN_SECONDS)
    since = time.monotonic()
    printed = sandbox.up()
    sandbox.assert_settled()
    trial.rounds.append(
        {
            "signal": name,
            "to": "every process" if whole_tree else "ainp",
            "at_seconds": round(moment, 2),
            "from": "nothing" if number % 2 else "a running stack",
            "exit_code": process.returncode,
            "repaired": [line.strip() for line in printed.splitlines() if "repaired:" in line],
            "healthy_and_settled_after_seconds": round(time.monotonic() - since, 1),
        }
    )

"""What the user sees while tools are obtained: a line per step with its time, kept in the cache as JSON lines too."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Iterator

from toolchain.paths import cache_root

TIMINGS = "timings.jsonl"
WIDTH = 72


def found(tool: str, what: str) -> None:
    """Report that nothing had to be done."""
    print(f"  {tool}: {what}", flush=True)


@contextlib.contextmanager
def step(tool: str, what: str, why: str = "") -> Iterator[None]:
    """Report a piece of work as it begins, with the reason, and as it ends, with its time."""
    print(f"  {tool}: {what}{f' ({why})' if why else ''} ...", flush=True)
    begun = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        seconds = time.monotonic() - begun
        print(f"  {f'{tool}: {what}':<{WIDTH}} {outcome} {seconds:7.1f} s", flush=True)
        _keep(tool, what, outcome, seconds)


def _keep(tool: str, what: str, outcome: str, seconds: float) -> None:
    """Append the step to the cache's timings; a full or read-only disk is not this function's news to break."""
    line = {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "tool": tool,
        "step": what,
        "outcome": outcome,
        "seconds": round(seconds, 1),
    }
    with contextlib.suppress(OSError):
        cache_root().mkdir(parents=True, exist_ok=True)
        with (cache_root() / TIMINGS).open("a") as file:
            file.write(json.dumps(line) + "\n")

"""Running other programs: output kept for the error message, never left to scroll by."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 6
TAIL_WIDTH = 240


class CommandError(Exception):
    """A program could not be started, failed, or took too long. The text is the end of what it said."""


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Return what the program printed on its standard output.

    `env` is added to this process's own environment.

    Raises:
        CommandError: it did not end well.
    """
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{argv[0]} did not end within {timeout_seconds:g} s") from error
    except OSError as error:
        raise CommandError(f"{argv[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise CommandError(tail(done.stderr.strip() or done.stdout) or f"{argv[0]} ended with {done.returncode}")
    return done.stdout


def tail(text: str) -> str:
    """Return the last lines of `text`, where programs say why they stopped."""
    lines = text.strip().splitlines()[-TAIL_LINES:]
    return "\n".join(line if len(line) <= TAIL_WIDTH else f"{line[:TAIL_WIDTH]} ..." for line in lines)

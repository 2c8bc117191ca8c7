"""Where things lie: the checkout, and the cache that outlives it."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV_BIN = CHECKOUT / ".venv" / "bin"
GO_MODULES = CHECKOUT / "toolchain" / "go"
"""A folder per tool that is built: go.mod, go.sum and, for a program of our own, main.go."""


def cache_root() -> Path:
    """Return the folder of everything that the toolchain makes; it may not exist yet.

    `XDG_CACHE_HOME` counts only when absolute, as its specification says.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "ainp"


def pulumi_home() -> Path:
    """Return the folder where Pulumi keeps plugins and its own notes: the user's choice, else one in the cache."""
    chosen = os.environ.get("PULUMI_HOME")
    return Path(chosen) if chosen else cache_root() / "pulumi-home"

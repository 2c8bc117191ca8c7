"""The pins of versions.toml, and the comparison of versions with them.

Runs on the standard library alone: bootstrap.sh calls it before anything is installed
(`python3 -m toolchain.versions accepts uv "uv 0.13.9"`).
"""

from __future__ import annotations

import functools
import operator
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolchain.paths import GO_MODULES

PINS = Path(__file__).with_name("versions.toml")
COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<": operator.lt,
    "==": operator.eq,
}


@functools.cache
def pins(tool: str) -> dict[str, Any]:
    """Return the table of `tool` in versions.toml."""
    table: dict[str, Any] = tomllib.loads(PINS.read_text())[tool]
    return table


def pinned(tool: str) -> str:
    """Return the version of `tool` that is fetched or built."""
    found = pins(tool)
    return str(found["version"]) if "version" in found else required_module(tool, found["module"])


def required_module(tool: str, module: str) -> str:
    """Return the version, without its v, at which the go.mod of `tool` requires `module`."""
    text = (GO_MODULES / tool / "go.mod").read_text()
    match = re.search(rf"^(?:require)?\s*{re.escape(module)} v(\S+)", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"toolchain/go/{tool}/go.mod does not require {module}")
    return match[1]


def version_in(text: str) -> str:
    """Return the first thing in `text` that looks like a version; empty if there is none."""
    match = re.search(r"\d+\.\d+(?:\.\d+)*", text)
    return match[0] if match else ""


def accepts(tool: str, version: str) -> bool:
    """Tell whether `version` is in the accepted range of `tool`."""
    found = _numbers(version_in(version))
    return bool(found) and all(_holds(found, rule.strip()) for rule in pins(tool)["accepted"].split(","))


def _holds(found: tuple[int, ...], rule: str) -> bool:
    comparison, wanted = re.fullmatch(r"(>=|<|==)\s*([\d.]+)", rule).groups()  # type: ignore[union-attr]
    numbers = _numbers(wanted)
    width = max(len(found), len(numbers))
    return COMPARISONS[comparison](_padded(found, width), _padded(numbers, width))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def _padded(numbers: tuple[int, ...], width: int) -> tuple[int, ...]:
    return numbers + (0,) * (width - len(numbers))


if __name__ == "__main__":
    _, command, name, *rest = sys.argv
    if command == "accepts":
        sys.exit(0 if accepts(name, " ".join(rest)) else 1)
    print(pinned(name))

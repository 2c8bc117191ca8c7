"""A stack's settings, read by the command line from ``Pulumi.<stack>.yaml`` with the program's own parser.

Known before the engine starts, so that a misspelt setting is refused in a second and ports and ranges can be checked
against the machine. Encrypted values are no settings and are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from config.errors import SettingsError
from ops.errors import OperatorError

if TYPE_CHECKING:
    from config.settings import Section, Settings

PROJECT = "ainp"


def load(stack: str, file: Path) -> Settings:
    """Return the settings of `stack`, whose deviations are in `file`; a file that does not exist deviates in nothing.

    Raises:
        OperatorError: the file is no YAML, or a setting or the stack's name is refused.
    """
    try:
        document = yaml.safe_load(file.read_text()) if file.exists() else None
    except yaml.YAMLError as error:
        raise OperatorError(f"{file.name}: is no YAML: {error}", remedy="correct it; `git diff` shows edits") from error
    return _parse(stack, deviations(document))


def check_name(stack: str) -> None:
    """Refuse a stack name that host names cannot be made of.

    Raises:
        OperatorError: it is no DNS label.
    """
    _parse(stack, {})


def deviations(document: Any) -> dict[str, Any]:
    """Return the project's settings of a stack file as nested plain values, decoded as the engine hands them over."""
    config = (document or {}).get("config") or {}
    found: dict[str, Any] = {}
    for key, value in config.items():
        namespace, _, name = key.rpartition(":")
        if namespace in {"", PROJECT} and not (isinstance(value, dict) and "secure" in value):
            found[name] = _decode(value)
    return found


def ports(settings: Section, path: str = "") -> Iterator[tuple[str, int]]:
    """Yield every port that the stack publishes: the dotted path of its setting, and its value."""
    for name, value in settings:
        if hasattr(type(value), "model_fields"):
            yield from ports(value, f"{path}{name}.")
        elif name.endswith("_port"):
            yield f"{path}{name}", value


def memory_mib(settings: Section) -> int:
    """Return the sum of the memory limits of all replicas."""
    total = 0
    for name, value in settings:
        if hasattr(type(value), "model_fields"):
            total += memory_mib(value)
        elif name == "memory_mib":
            total += value * getattr(settings, "replicas", 1)
    return total


def _parse(stack: str, values: dict[str, Any]) -> Settings:
    # imports the Pulumi SDK, which takes a second that `ainp status` need not wait for
    from config.loader import parse  # noqa: PLC0415

    try:
        return parse(stack, values)
    except SettingsError as error:
        raise OperatorError(str(error)) from error


def _decode(value: Any) -> Any:
    """The engine hands scalars over as text, which the program reads as JSON where it is some."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value

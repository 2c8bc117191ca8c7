"""Read a stack's settings: the deviations in ``Pulumi.<stack>.yaml`` laid over the defaults of its size.

The only module below components/ that imports pulumi. `load` is for the program; `parse` takes plain values,
so that tests and the command line need no engine. Secrets never pass through here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG
from pydantic import ValidationError

from config.errors import SettingsError, explain
from config.settings import SIZES, Settings, defaults

PROJECT = "ainp"
STACK_NAME = re.compile(r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")
"""A DNS label (RFC 1035, section 2.3.1) short enough to leave room for service and replica in host names."""


def load() -> Settings:
    """Return the settings of the stack that the engine runs.

    Raises:
        pulumi.RunError: a setting or the stack's name is refused; the text says which, why and what to do.
    """
    raw = {
        key.removeprefix(f"{PROJECT}:"): value for key, value in CONFIG.get().items() if key.startswith(f"{PROJECT}:")
    }
    try:
        return parse(pulumi.get_stack(), {key: _decode(value) for key, value in raw.items()})
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def parse(stack: str, deviations: Mapping[str, Any]) -> Settings:
    """Return the settings made of `deviations` (nested plain values) over the defaults of their size.

    Raises:
        SettingsError: a value, a key or the stack's name is refused.
    """
    if not STACK_NAME.match(stack):
        raise SettingsError(
            stack,
            [
                (
                    f"stack name {stack!r}: must be a DNS label of at most 30 characters (lower-case letters, digits "
                    "and hyphens, a letter first), because host names are made of it; choose another with "
                    "`pulumi stack init`"
                )
            ],
        )
    size = deviations.get("size", SIZES[0])
    tree = defaults(size if size in SIZES else SIZES[0])
    try:
        return Settings.model_validate(_overlay(tree, deviations))
    except ValidationError as error:
        raise explain(stack, Settings, error) from error


def _decode(value: str) -> Any:
    """Undo the engine's encoding: objects, numbers and booleans reach the program as JSON text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        # an empty default is a mapping that is itself a value (images.references): it is replaced as a whole
        if isinstance(below, dict) and below and isinstance(value, Mapping):
            merged[key] = _overlay(below, value)
        else:
            merged[key] = value
    return merged

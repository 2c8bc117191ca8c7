"""Refusals of settings, explained: what, where, which value, which rule, what to do.

Knows pydantic's error list and nothing of where the values came from; `config.loader` reads them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

REFERENCE = "docs/settings.md lists every setting"


class SettingsError(ValueError):
    """One or more settings are refused. The text has a line for each."""

    def __init__(self, stack: str, lines: list[str]) -> None:
        self.lines = lines
        head = f"Pulumi.{stack}.yaml: {len(lines)} setting{'s are' if len(lines) > 1 else ' is'} refused"
        super().__init__("\n".join([head, *(f"  {line}" for line in lines), f"  ({REFERENCE})"]))


def explain(stack: str, model: type[BaseModel], error: ValidationError) -> SettingsError:
    """Turn pydantic's errors into a `SettingsError` with a line for each."""
    return SettingsError(stack, [_line(model, dict(details)) for details in error.errors()])


def _line(model: type[BaseModel], details: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in details["loc"])
    value, kind = details["input"], details["type"]
    message = details["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = sorted(_section(model, details["loc"][:-1]).model_fields)
        near = difflib.get_close_matches(str(details["loc"][-1]), known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"ainp:{path}: no such setting; {remedy}"
    where = f"ainp:{path}" if path else "ainp"
    shown = "" if isinstance(value, Mapping | BaseModel) else f" = {value!r}"
    return f"{where}{shown}: {message[0].lower()}{message[1:]}{_remedy(model, details['loc'])}"


def _remedy(model: type[BaseModel], path: tuple[Any, ...]) -> str:
    """Say what belongs there: the setting's default for each size, if `path` leads to one setting."""
    if not path or path[-1] not in (section := _section(model, path[:-1])).model_fields:
        return ""
    extra = section.model_fields[path[-1]].json_schema_extra
    if not isinstance(extra, dict):
        return ""
    unit = f" {extra['unit']}" if extra["unit"] else ""
    sizes = extra["defaults"]
    assert isinstance(sizes, dict)
    return "; leave it out for the default: " + ", ".join(f"{value!r}{unit} ({size})" for size, value in sizes.items())


def _section(model: type[BaseModel], path: tuple[Any, ...]) -> type[BaseModel]:
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    return model

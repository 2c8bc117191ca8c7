"""The engine's event stream (``pulumi up --json``), reduced to what an operator wants to see.

Pure: lines in, steps and diagnostics out. Debug messages are dropped before anything else sees them, because a
provider may put anything into them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

CONTAINER_TYPE = "docker:index/container:Container"
QUIET_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:", "ainp:")
"""Of no interest: they only group others."""
KINDS = {"Stash": "secret", "RemoteImage": "image"}
NOISE = (
    "using pulumi-resource-",
    "using pulumi-language-",
    "update failed",
    "destroy failed",
    "an unhandled error occurred: program exited with non-zero exit code",
    "sdk-v2/provider2.go",
    "skipped because",
)
"""Said in passing by the engine; each comes with a message of its own that says what happened."""
COUNT = re.compile(r"^(\* )?((creating|updating|deleting|replacing) urn:\S+: )?\d+ errors? occurred:$")
WRAPPING = re.compile(r"^(\* )?((creating|updating|deleting|replacing) urn:\S+: )?")
HEAD = 80
"""An event's kind stands within so many characters of its line."""
VERBS = {
    "create": "create",
    "create-replacement": "create",
    "update": "update",
    "delete": "remove",
    "delete-replaced": "remove",
    "discard": "remove",
    "discard-replaced": "remove",
    "refresh": "check",
}


class Phase(Enum):
    """Where a step is."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the engine does to one resource."""

    urn: str
    phase: Phase
    verb: str
    kind: str
    """Such as ``container``."""
    name: str
    resource_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message of the program, the engine or a provider."""

    severity: str
    """``error``, ``warning`` or ``info``."""
    text: str
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """How the run ended."""

    result: str
    changes: Mapping[str, int]
    seconds: int


def parse(line: str) -> Step | Diagnostic | Summary | None:
    """Return what a line of the stream says, or nothing when it is of no interest to the operator."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if "diagnosticEvent" in event:
        return _diagnostic(event["diagnosticEvent"])
    if "summaryEvent" in event:
        summary = event["summaryEvent"]
        return Summary(summary["result"], summary["resourceChanges"] or {}, summary["durationSeconds"])
    for kind, phase in (
        ("resourcePreEvent", Phase.STARTED),
        ("resOutputsEvent", Phase.DONE),
        ("resOpFailedEvent", Phase.FAILED),
    ):
        if kind in event:
            return _step(event[kind]["metadata"], phase)
    return None


def tidy(text: str) -> str:
    """Return an error's own words: without the count, the bullets and the address that each layer put around it."""
    lines = [WRAPPING.sub("", line.strip()) for line in text.splitlines()]
    kept = [line for line in lines if line and not COUNT.match(line)]
    # what was wrapped is unindented already; what a person wrote keeps its own indentation
    return "\n".join(kept) if any(COUNT.match(line.strip()) for line in text.splitlines()) else text.strip()


def is_for_the_log(line: str) -> bool:
    """Tell whether a line may be kept on disk: all but debug messages."""
    return not ('"severity":"debug"' in line and '"diagnosticEvent"' in line[:HEAD])


def _diagnostic(event: Mapping[str, Any]) -> Diagnostic | None:
    text = event["message"].strip()
    if event["severity"] == "debug" or event.get("ephemeral") or not text or any(noise in text for noise in NOISE):
        return None
    return Diagnostic(event["severity"].removesuffix("#err"), text, event.get("urn", ""))


def _step(metadata: Mapping[str, Any], phase: Phase) -> Step | None:
    verb = VERBS.get(metadata["op"])
    if verb is None or metadata["type"].startswith(QUIET_TYPES):
        return None
    state = metadata.get("new") or metadata.get("old") or {}
    kind = metadata["type"].rpartition(":")[2]
    return Step(
        urn=metadata["urn"],
        phase=phase,
        verb=verb,
        kind=KINDS.get(kind, kind.lower()),
        name=metadata["urn"].rpartition("::")[2],
        resource_id=state.get("id", ""),
        type=metadata["type"],
    )

"""How a live stream differs from what is wanted, and which differences JetStream may be asked to change.

Pure: it compares two configurations in the form of JetStream's API. Carrying out is `jobs.stream_reconcile`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIXED = {
    "storage": "move the messages into a new stream: `nats stream backup`, `nats stream rm`, provision, restore",
    "retention": "what a stream keeps is decided when it is made; back it up, remove it, provision, restore",
    "sealed": "a sealed stream takes no messages ever again; back it up, remove it, provision",
    "mirror": "a mirror cannot become a stream of its own; remove the mirror after checking its origin, provision",
    "deny_delete": "it cannot be lifted once set; back the stream up, remove it, provision, restore",
    "deny_purge": "it cannot be lifted once set; back the stream up, remove it, provision, restore",
}
"""Fields that a stream has for life, with the remedy (nats-server, stream.go `configUpdateCheck`)."""

_ONE_WAY = {"deny_delete", "deny_purge"}
"""May be set, but not lifted."""

_DEFAULTS: dict[str, Any] = {"compression": "none", "max_msgs": -1, "max_consumers": -1}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a live stream that is not as wanted."""

    stream: str
    field: str
    live: Any
    desired: Any
    refusal: str = ""
    """Why it is not changed, and the remedy; empty if it may be."""

    def __str__(self) -> str:
        text = f"{self.stream}: {self.field} is {self.live!r}, should be {self.desired!r}"
        return f"{text}; refused: {self.refusal}" if self.refusal else text


def compare(desired: dict[str, Any], live: dict[str, Any], *, stored_bytes: int) -> list[Change]:
    """Return how `live` differs from `desired`, judged field by field.

    What `desired` does not name is not compared: the server adds fields of its own.

    Args:
        desired: configuration as wanted.
        live: configuration as the server has it.
        stored_bytes: what the stream holds now.
    """
    name = desired["name"]
    changes = []
    for field, wanted in desired.items():
        found = live.get(field, _DEFAULTS.get(field))
        if (found or None) == (wanted or None):  # the API leaves out what is false, zero or empty
            continue
        changes.append(Change(name, field, found, wanted, _refusal(field, wanted, stored_bytes)))
    return changes


def update(desired: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration to send: `desired` over what the server added itself."""
    return live | desired


def _refusal(field: str, wanted: Any, stored_bytes: int) -> str:
    if field == "max_bytes" and 0 < wanted < stored_bytes:
        return (
            f"the stream holds {stored_bytes} bytes, so this would delete messages or refuse publishers at once; "
            "keep nats.storage_gib, or purge what is not needed first (`nats stream purge`)"
        )
    if field in FIXED and not (field in _ONE_WAY and wanted):
        return f"JetStream cannot change it; {FIXED[field]}"
    return ""

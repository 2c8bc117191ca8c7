"""Bring the streams of an account to what is wanted, or only say what differs.

It creates and updates, and never deletes: a stream that nobody described is reported. All differences of all streams
are found before the first is changed, so that a refusal leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from jobs.nats_session import SessionError, request_json
from jobs.stream_changes import Change, compare, update

NOT_FOUND = 10059
"""JetStream's error code for a stream that does not exist (nats-server, errors.json)."""
LEADER_SECONDS = 30
"""How long a new stream may take to elect its leader; measured below 2 s on three servers."""
POLL_SECONDS = 0.1


class StreamError(RuntimeError):
    """JetStream refused a request."""


@dataclass(slots=True)
class Plan:
    """What differs, before anything is changed."""

    missing: list[dict[str, Any]] = field(default_factory=list)
    """Streams to create."""
    changed: list[tuple[dict[str, Any], dict[str, Any], list[Change]]] = field(default_factory=list)
    """Streams to update: as wanted, as they are, and the differences."""
    unknown: list[str] = field(default_factory=list)
    """Streams that exist and were not described."""

    @property
    def changes(self) -> list[Change]:
        """All differences of existing streams."""
        return [change for _, _, changes in self.changed for change in changes]

    @property
    def refused(self) -> list[Change]:
        """Differences that may not be changed."""
        return [change for change in self.changes if change.refusal]

    def shrinking(self) -> Plan:
        """Return the part of the plan that needs no more storage than there is now."""
        return Plan(changed=[one for one in self.changed if _bytes(one[0]) <= _bytes(one[1])])


async def plan(client: Client, desired: list[dict[str, Any]]) -> Plan:
    """Compare the account's streams with `desired`, changing nothing."""
    result = Plan()
    for wanted in desired:
        info = await request_json(client, f"$JS.API.STREAM.INFO.{wanted['name']}")
        if _code(info) == NOT_FOUND:
            result.missing.append(wanted)
            continue
        live = _checked(info, wanted["name"])["config"]
        changes = compare(wanted, live, stored_bytes=info["state"]["bytes"])
        if changes:
            result.changed.append((wanted, live, changes))
    described = {wanted["name"] for wanted in desired}
    result.unknown = sorted(set(await _names(client)) - described)
    return result


async def apply(client: Client, planned: Plan) -> None:
    """Create and update as planned.

    Raises:
        StreamError: JetStream refused; the text names the stream and JetStream's reason.
    """
    for wanted in planned.missing:
        await create(client, wanted)
    for wanted, live, _ in planned.changed:
        name = wanted["name"]
        _checked(await request_json(client, f"$JS.API.STREAM.UPDATE.{name}", update(wanted, live)), name)


async def create(client: Client, wanted: dict[str, Any]) -> None:
    """Create a stream and wait until it has a leader, because before that it takes no messages."""
    name = wanted["name"]
    _checked(await request_json(client, f"$JS.API.STREAM.CREATE.{name}", wanted), name)
    deadline = time.monotonic() + LEADER_SECONDS
    while time.monotonic() < deadline:
        info = await request_json(client, f"$JS.API.STREAM.INFO.{name}")
        if "error" not in info and info.get("cluster", {"leader": name}).get("leader"):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise SessionError(f"stream {name}: no leader within {LEADER_SECONDS} s; are all servers up (`ainp status`)?")


async def _names(client: Client) -> list[str]:
    names: list[str] = []
    while True:
        page = await request_json(client, "$JS.API.STREAM.NAMES", {"offset": len(names)})
        _checked(page, "all streams")
        names += page.get("streams") or []
        if len(names) >= page.get("total", 0):
            return names


def _checked(answer: dict[str, Any], name: str) -> dict[str, Any]:
    error = answer.get("error")
    if error:
        raise StreamError(f"stream {name}: {error.get('description')} (JetStream error {error.get('err_code')})")
    return answer


def _bytes(config: dict[str, Any]) -> int:
    return int(config["max_bytes"]) * int(config["num_replicas"])


def _code(answer: dict[str, Any]) -> int:
    return int(answer.get("error", {}).get("err_code", 0))

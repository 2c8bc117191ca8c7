"""The registry of agents in its key-value bucket: who was added, and who is revoked.

Keys: ``agent.<name>`` describes an agent; ``revoked.<public key>`` exists once it is revoked, and is never taken back;
``issued_at`` hands out the order of the account's versions. Keys are created, not overwritten, so that two writers
cannot undo each other; the one exception is `issued_at`, which is written with a revision check.

Reads that revocation relies on are answered by the stream's leader (the bucket has no direct reads), so they include
every write that was acknowledged before. What a revocation does to the servers is `jobs.account_claims`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

from nats.aio.client import Client
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from jobs.nats_session import request_json

_AGENT = "agent."
_REVOKED = "revoked."
_ISSUED_AT = "issued_at"


class NameTakenError(RuntimeError):
    """An agent of this name was added before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent as it was added."""

    name: str
    id: str
    public_key: str
    """Public key of its NATS user, which a revocation names."""
    created_at: str
    """Time in ISO 8601, UTC."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `to_bytes` wrote."""
        return cls(**json.loads(data))

    def to_bytes(self) -> bytes:
        """Return the entry's value."""
        return json.dumps(asdict(self), sort_keys=True).encode()


class Registry:
    """The bucket, through a connection that may write it."""

    def __init__(self, client: Client, bucket: str, keys: KeyValue) -> None:
        self._client = client
        self._bucket = bucket
        self._keys = keys

    @classmethod
    async def open(cls, client: Client, bucket: str) -> Self:
        """Open a bucket that exists."""
        return cls(client, bucket, await client.jetstream().key_value(bucket))

    async def add(self, agent: Agent) -> None:
        """Enter an agent.

        Raises:
            NameTakenError: its name was used before, also by an agent that is revoked.
        """
        try:
            await self._keys.create(_AGENT + agent.name, agent.to_bytes())
        except KeyWrongLastSequenceError as error:
            raise NameTakenError(agent.name) from error

    async def find(self, name: str) -> Agent | None:
        """Return the agent of a name."""
        try:
            entry = await self._keys.get(_AGENT + name)
        except KeyNotFoundError:
            return None
        return Agent.from_bytes(entry.value or b"")

    async def agents(self) -> list[Agent]:
        """Return all agents in the order they were added."""
        found: list[tuple[int, Agent]] = []
        watcher = await self._keys.watch(_AGENT + "*")
        try:
            async for entry in watcher:
                if entry is None:  # nats-py's sign that all present entries were delivered
                    break
                found.append((entry.revision or 0, Agent.from_bytes(entry.value or b"")))
        finally:
            await watcher.stop()  # type: ignore[no-untyped-call]  # nats-py
        return [agent for _, agent in sorted(found, key=lambda pair: pair[0])]

    async def mark_revoked(self, agent: Agent, *, at: str) -> bool:
        """Note that an agent is revoked; False if it was before."""
        try:
            await self._keys.create(_REVOKED + agent.public_key, json.dumps({"name": agent.name, "at": at}).encode())
        except KeyWrongLastSequenceError:
            return False
        return True

    async def revoked(self) -> set[str]:
        """Return the public keys of all revoked agents, as the stream's leader knows them."""
        prefix = f"$KV.{self._bucket}.{_REVOKED}"
        keys: set[str] = set()
        while True:
            body = {"subjects_filter": f"{prefix}*", "offset": len(keys)}
            info = await request_json(self._client, f"$JS.API.STREAM.INFO.KV_{self._bucket}", body)
            page = info["state"].get("subjects") or {}
            keys |= {subject.removeprefix(prefix) for subject in page}
            if not page or len(keys) >= info.get("total", len(keys)):
                return keys

    async def next_issued_at(self, *, at_least: int) -> int:
        """Return a time of issue, in seconds: `at_least`, or later than every one handed out before.

        With many versions in one second it runs ahead of the clock, which does no harm: servers compare such times
        only with one another.
        """
        while True:
            try:
                entry = await self._keys.get(_ISSUED_AT)
            except KeyNotFoundError:
                value, write = at_least, self._keys.create(_ISSUED_AT, str(at_least).encode())
            else:
                value = max(at_least, int(entry.value or b"0") + 1)
                write = self._keys.update(_ISSUED_AT, str(value).encode(), last=entry.revision)
            try:
                await write
            except KeyWrongLastSequenceError:
                continue
            return value

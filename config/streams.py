"""The streams as they are meant to be: names, limits and sizes, computed from a few plain numbers.

A stream with `discard: new` refuses the publisher when it is full. So a message that was acknowledged stays for the
whole retention, and a full disk is seen by those who cause it. Dead letters are the exception: the newest matter,
and refusing them would stop the consumer that writes them, so the oldest give way (docs/decisions/0102).

What is left out: talking to a server. `jobs.provision` reads what `to_json` writes and compares it with what runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from config import subjects
from config.subjects import Kind

MIB = 1024 * 1024
_NANOSECONDS_PER_SECOND = 10**9
_SECONDS_PER_DAY = 86_400

DUPLICATE_WINDOW_SECONDS = 120
"""A message published twice with one `Nats-Msg-Id` within this time is stored once: covers a publisher's retries."""

BUCKET_HISTORY = 5
"""Earlier values kept for each entry of the registry of agents, for the operator who asks what changed."""

SHARES = {
    Kind.INTENTS: Fraction(40, 100),
    Kind.NEGOTIATION: Fraction(25, 100),
    Kind.RESULTS: Fraction(25, 100),
    Kind.DEAD_LETTERS: Fraction(4, 100),
}
"""Share of the storage for each stream. The requirements' 7 days x 100 intents a minute x 2 KB are 2 GB, which is half
of the intents' share at the smallest default (10 GiB)."""

BUCKET_SHARE = Fraction(1, 100)
"""Share for the registry of agents: at 10 GiB room for 200,000 agents of 500 bytes. The rest (5 %) stays free."""

_OFF: dict[str, Any] = {
    "allow_direct": False,
    "compression": "none",
    "deny_purge": False,
    "max_consumers": -1,
    "max_msgs": -1,
    "mirror": None,
    "no_ack": False,
    "republish": None,
    "sealed": False,
    "sources": None,
    "subject_transform": None,
}
"""Named although these are JetStream's defaults, so that a stream on which somebody turned them on counts as changed:
`republish` would copy every message to another subject."""

Discard = Literal["new", "old"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream; what is not named here has JetStream's default."""

    name: str
    description: str
    subjects: tuple[str, ...]
    max_bytes: int
    """Bytes of one copy."""
    max_age_seconds: int
    """How long a message is kept; 0: for ever."""
    max_message_bytes: int
    discard: Discard
    replicas: int
    duplicate_window_seconds: int = DUPLICATE_WINDOW_SECONDS
    max_messages_per_subject: int = -1
    bucket: bool = False
    """Whether it holds a key-value bucket (NATS ADR-8). Direct reads stay off, because a replica answers them that may
    lag: who reads the registry must see every revocation that was acknowledged."""

    def to_api(self) -> dict[str, Any]:
        """Return the configuration as JetStream's API names it (NATS ADR-1, `STREAM.CREATE`)."""
        return {
            "name": self.name,
            "description": self.description,
            "subjects": list(self.subjects),
            "retention": "limits",
            "storage": "file",
            "num_replicas": self.replicas,
            "max_bytes": self.max_bytes,
            "max_age": self.max_age_seconds * _NANOSECONDS_PER_SECOND,
            "max_msg_size": self.max_message_bytes,
            "max_msgs_per_subject": self.max_messages_per_subject,
            "discard": self.discard,
            "duplicate_window": self.duplicate_window_seconds * _NANOSECONDS_PER_SECOND,
            "allow_rollup_hdrs": self.bucket,
            "deny_delete": self.bucket,
            **_OFF,
        }


_DESCRIPTIONS = {
    Kind.INTENTS: "Intents for agents, until they are too old to act on",
    Kind.NEGOTIATION: "Offers and answers between agents",
    Kind.RESULTS: "Results for the agents that sent the intents",
    Kind.DEAD_LETTERS: "Messages that an agent could not process; the oldest give way",
}


def message_streams(
    *, replicas: int, storage_gib: int, retention_days: int, max_message_kib: int
) -> tuple[Stream, ...]:
    """Return the four streams of messages.

    Args:
        replicas: copies of every stream, one on each server.
        storage_gib: disk for all streams on each server.
        retention_days: how long a message is kept.
        max_message_kib: largest message that a stream takes.
    """
    return tuple(
        Stream(
            name=subjects.stream(kind),
            description=_DESCRIPTIONS[kind],
            subjects=(subjects.pattern(kind),),
            max_bytes=_share(storage_gib, SHARES[kind]),
            max_age_seconds=retention_days * _SECONDS_PER_DAY,
            max_message_bytes=max_message_kib * 1024,
            discard="old" if kind is Kind.DEAD_LETTERS else "new",
            replicas=replicas,
        )
        for kind in Kind
    )


def agents_bucket(*, replicas: int, storage_gib: int) -> Stream:
    """Return the stream below the registry of agents; it never expires, because revocations are read from it."""
    return Stream(
        name=subjects.bucket_stream(subjects.AGENTS_BUCKET),
        description="Registry of agents: name, id, public key, whether revoked",
        subjects=(subjects.bucket_subjects(subjects.AGENTS_BUCKET),),
        max_bytes=_share(storage_gib, BUCKET_SHARE),
        max_age_seconds=0,
        max_message_bytes=-1,
        discard="new",
        replicas=replicas,
        max_messages_per_subject=BUCKET_HISTORY,
        bucket=True,
    )


def message_disk_bytes(*, replicas: int, storage_gib: int) -> int:
    """Return what the streams of messages may take on all servers together: JetStream counts every copy."""
    return _share(storage_gib, 1 - BUCKET_SHARE) * replicas


def registry_disk_bytes(*, replicas: int, storage_gib: int) -> int:
    """Return what the registry of agents may take on all servers together."""
    return _share(storage_gib, BUCKET_SHARE) * replicas


def to_json(streams: tuple[Stream, ...]) -> str:
    """Return the streams as the provision job reads them; the same input gives the same text."""
    return json.dumps([stream.to_api() for stream in streams], indent=2, sort_keys=True)


def _share(storage_gib: int, share: Fraction) -> int:
    return int(storage_gib * 1024 * share) * MIB

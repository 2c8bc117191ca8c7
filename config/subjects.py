"""Every name on the message bus, defined once: subjects, streams, consumers, inboxes and the bucket of agents.

An agent is addressed by its UUID in canonical lower-case form. Nothing else is accepted: a DID such as
``did:web:example.com`` has dots, which separate tokens in NATS, so it would neither match the streams' single-token
wildcard nor stay inside the agent's permissions. The DID travels in the envelope.

What is left out: limits of the streams (`config.streams`) and who may use which subject (`config.nats_claims`).
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

AGENTS_BUCKET = "AINP_AGENTS"
"""Key-value bucket with one entry for each agent that was ever added."""

ANY_AGENT = "*"
"""Stands for every agent's id in patterns (NATS: exactly one token)."""

NAME_IN_TEMPLATE = "{{name()}}"
"""Stands for an agent's own id in the permissions of its role; the server puts in the `name` of the user's JWT."""


class Kind(StrEnum):
    """What a message on an agent's subject is; each kind has a stream of its own."""

    INTENTS = "intents"
    NEGOTIATION = "negotiation"
    RESULTS = "results"
    DEAD_LETTERS = "dead_letters"


INBOX_KINDS = (Kind.INTENTS, Kind.NEGOTIATION, Kind.RESULTS)
"""What other agents send to an agent; dead letters are written by the agent itself."""


class SubjectError(ValueError):
    """A name that must not become part of a subject."""


def agent_id(value: str | UUID) -> str:
    """Return `value` if it is an agent's id in canonical form, refuse it otherwise.

    Raises:
        SubjectError: `value` is no UUID in lower-case 8-4-4-4-12 form (RFC 9562, section 4).
    """
    text = str(value)
    try:
        canonical = str(UUID(text))
    except ValueError:
        canonical = None
    if text != canonical:
        raise SubjectError(
            f"agent id {text!r}: must be a lower-case UUID such as 0192f0c1-2b3c-7d4e-8f50-61728394a5b6; "
            "a DID belongs into the message's envelope"
        )
    return text


def subject(agent: str | UUID, kind: Kind) -> str:
    """Return the subject that carries messages of `kind` for one agent."""
    return _subject(agent_id(agent), kind)


def pattern(kind: Kind) -> str:
    """Return the subject of `kind` for all agents: what a stream records."""
    return _subject(ANY_AGENT, kind)


def template(kind: Kind) -> str:
    """Return the subject of `kind` for the agent that connects, as permissions name it."""
    return _subject(NAME_IN_TEMPLATE, kind)


def stream(kind: Kind) -> str:
    """Return the name of the stream that records messages of `kind`."""
    return f"AINP_{kind.upper()}"


def consumer(agent: str | UUID) -> str:
    """Return the name of an agent's consumer, the same on every stream: its id, which its permissions are bound to."""
    return agent_id(agent)


def inbox_prefix(agent: str | UUID) -> str:
    """Return the prefix below which an agent receives replies; without it, it could read the replies of others."""
    return user_inbox_prefix(agent_id(agent))


def user_inbox_prefix(user: str) -> str:
    """Return the inbox prefix of a user of the platform itself, such as `provision`."""
    return f"_INBOX.{user}"


def bucket_stream(bucket: str) -> str:
    """Return the name of the stream below a key-value bucket (NATS ADR-8)."""
    return f"KV_{bucket}"


def bucket_subjects(bucket: str) -> str:
    """Return the subjects of a bucket's keys (NATS ADR-8)."""
    return f"$KV.{bucket}.>"


def _subject(token: str, kind: Kind) -> str:
    return f"ainp.agent.{token}.{kind.value}"

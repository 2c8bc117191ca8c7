"""What operator, accounts and users of NATS are allowed, as claims of NATS JWTs (version 2).

Operator mode: the operator signs accounts, an account signs its users, and the servers hold public keys only. So an
agent is added by signing a token, with no server involved, and revoked by a new version of its account's claims
(docs/decisions/0101). Account `SYS` sees the servers, `AINP` holds streams and agents, and `CONTROL` the registry of
agents. The registry is apart because permissions do not bind replies: an agent may name any subject of its account as
the reply of a request, and the server answers there. Between accounts nothing passes.

Agents are signed by a *scoped* key: their tokens carry no permissions of their own; the account's template gives every
holder the same rights with its own id put in. Least privilege here means that an agent can reach messages on its own
subjects only: it may create a consumer in the one form of the API that names the filter in the subject
(``CONSUMER.CREATE.<stream>.<consumer>.<filter>``, NATS ADR-9), where the server holds request and subject to be equal.

What is left out: keys and tokens (`config.nats_identities`), and the live state of an account, such as revocations
(`jobs.account_claims`).
"""

from __future__ import annotations

from typing import Any

from config import subjects
from config.subjects import INBOX_KINDS, NAME_IN_TEMPLATE, Kind

OPERATOR_NAME = "ainp"
AINP_ACCOUNT = "AINP"
CONTROL_ACCOUNT = "CONTROL"
SYS_ACCOUNT = "SYS"
AGENT_ROLE = "agent"

_VERSION = 2
_UNLIMITED = -1
_NO_LIMITS: dict[str, Any] = {"subs": _UNLIMITED, "data": _UNLIMITED, "payload": _UNLIMITED}
_ACCOUNT_LIMITS = _NO_LIMITS | {"imports": 0, "exports": 0, "conn": _UNLIMITED, "leaf": 0, "disallow_bearer": True}

MAX_STREAMS = 16
"""The streams of messages, and room for an operator's mirrors while data is moved."""


def agent_template() -> dict[str, Any]:
    """Return what an agent may publish and subscribe, with `{{name()}}` for its id."""
    own = NAME_IN_TEMPLATE
    allowed = [subjects.pattern(kind) for kind in INBOX_KINDS]
    allowed.append(subjects.template(Kind.DEAD_LETTERS))
    for kind in INBOX_KINDS:
        stream = subjects.stream(kind)
        allowed += [
            f"$JS.API.CONSUMER.CREATE.{stream}.{own}.{subjects.template(kind)}",
            f"$JS.API.CONSUMER.INFO.{stream}.{own}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{own}",
            f"$JS.ACK.{stream}.{own}.>",
        ]
    return {
        "pub": {"allow": allowed},
        "sub": {"allow": [f"{subjects.user_inbox_prefix(own)}.>"]},
        **_NO_LIMITS,
        "allowed_connection_types": ["STANDARD"],
    }


def operator_claims(*, operator: str, signing_key: str, system_account: str) -> dict[str, Any]:
    """Return the operator's claims: it signs for itself, and `signing_key` signs accounts in its name."""
    return {
        "name": OPERATOR_NAME,
        "sub": operator,
        "nats": {
            "signing_keys": [signing_key],
            "system_account": system_account,
            "type": "operator",
            "version": _VERSION,
        },
    }


def system_account_claims(*, account: str) -> dict[str, Any]:
    """Return the claims of the account that sees the servers; it has no streams."""
    return _account(SYS_ACCOUNT, account, dict(_ACCOUNT_LIMITS))


def ainp_account_claims(*, account: str, agent_signing_key: str, disk_bytes: int) -> dict[str, Any]:
    """Return the claims of the account that holds streams and agents.

    Args:
        account: its public key.
        agent_signing_key: public key that signs agents.
        disk_bytes: what its streams may take on all servers together (`config.streams.message_disk_bytes`).
    """
    claims = _account(AINP_ACCOUNT, account, _storage(disk_bytes, MAX_STREAMS))
    claims["nats"]["signing_keys"] = [
        {
            "kind": "user_scope",
            "key": agent_signing_key,
            "role": AGENT_ROLE,
            "template": agent_template(),
            "description": "One agent, bound to its own subjects",
        }
    ]
    return claims


def control_account_claims(*, account: str, disk_bytes: int) -> dict[str, Any]:
    """Return the claims of the account that holds the registry of agents, which no agent can reach."""
    return _account(CONTROL_ACCOUNT, account, _storage(disk_bytes, streams=1))


def agent_claims(*, agent: str, user: str, account: str) -> dict[str, Any]:
    """Return the claims of one agent; what it may do stands in the account's template.

    Args:
        agent: the agent's id, which the template puts in.
        user: public key of the agent.
        account: public key of the account it belongs to, because another key signs.
    """
    return {
        "name": subjects.agent_id(agent),
        "sub": user,
        "nats": {"issuer_account": account, "type": "user", "version": _VERSION},
    }


def platform_user_claims(*, name: str, user: str, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    """Return the claims of a user of the platform itself, signed by its account."""
    permissions = {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
    return {
        "name": name,
        "sub": user,
        "nats": permissions | _NO_LIMITS | {"type": "user", "version": _VERSION},
    }


def _storage(disk_bytes: int, streams: int) -> dict[str, Any]:
    return _ACCOUNT_LIMITS | {
        "mem_storage": 0,
        "disk_storage": disk_bytes,
        "streams": streams,
        "consumer": _UNLIMITED,
        "max_bytes_required": True,
    }


def _account(name: str, account: str, limits: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "sub": account, "nats": {"limits": limits, "type": "account", "version": _VERSION}}

"""Bring the live claims of an account to what is wanted, keeping every revocation, also when several do so at once.

A server keeps the last version of an account's claims that it was sent, and a revocation is part of the claims. Two
writers who each read, add and send would lose one of two revocations. So the registry of agents is the source, and
nobody adds to what they read from a server:

1. A revocation is first marked in the registry (created, never taken back).
2. The writer takes a time of issue that is later than all before (`Registry.next_issued_at`), *then* reads the marks,
   and signs claims with all of them. So of two versions the one issued later contains every mark of the earlier.
3. It sends them and reads marks and all servers again, until every server has every mark.

If two writers' versions arrive in the wrong order, the one who sent the older sees in step 3 that a mark is missing
and repeats. If it is killed just then, servers of a cluster still agree on the version issued last (they compare every
10 s), and a single server is repaired by the next writer or by `provision`. Revocations that only a server knows are
kept as well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from jobs import nats_jwt
from jobs.nats_session import SessionError, request_all
from jobs.registry import Registry

ATTEMPTS = 20
"""Rounds until writers that overtake one another must have settled; two concurrent ones take two."""

FOREVER = 2**40
"""Time of a revocation, which refuses tokens issued up to it. An agent's key is never used again, so no token of it is
good, whatever the clock of the machine that signed it said."""

_VOLATILE = ("iat", "jti")


class ClaimsError(RuntimeError):
    """The servers do not accept or do not keep an account's claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """What it takes to publish claims: a connection to account SYS and the operator's signing key."""

    system: Client
    seed: str = field(repr=False)


async def live(system: Client, account: str) -> list[dict[str, Any]]:
    """Return the claims of an account as each server has them; servers without any are left out."""
    answers = await request_all(system, f"$SYS.REQ.ACCOUNT.{account}.CLAIMS.LOOKUP", b"")
    return [nats_jwt.decode(answer.decode()) for answer in answers if answer]


def merge(desired: dict[str, Any], found: list[dict[str, Any]], revoked: set[str]) -> dict[str, Any]:
    """Return `desired` with every revocation that a server or the registry knows."""
    times: dict[str, int] = {}
    for claims in found:
        for key, at in _revocations(claims).items():
            times[key] = max(at, times.get(key, 0))
    times |= dict.fromkeys(revoked, FOREVER)
    result = desired | {"nats": dict(desired["nats"])}
    if times:
        result["nats"]["revocations"] = dict(sorted(times.items()))
    return result


def differs(desired: dict[str, Any], found: list[dict[str, Any]], revoked: set[str], *, signer: str) -> bool:
    """Tell whether a server lacks something of `desired`, a revocation, or has claims of another signer."""
    if not found:
        return True
    known = revoked.union(*(_revocations(claims) for claims in found))
    return any(
        _content(claims) != _content(desired | {"iss": signer}) or known - set(_revocations(claims)) for claims in found
    )


async def reconcile(signer: Signer, registry: Registry, desired: dict[str, Any], *, revocations: bool) -> bool:
    """Make every server hold `desired` and all revocations; False if that was so before.

    Args:
        signer: connection and key.
        registry: where revocations are marked.
        desired: the account's claims as wanted, without revocations.
        revocations: whether agents belong to this account.

    Raises:
        ClaimsError: a server refused them, or they were still not everywhere after several rounds.
    """
    account, key = desired["sub"], nats_jwt.public_key(signer.seed)
    for attempt in range(ATTEMPTS):
        found = await live(signer.system, account)
        revoked = await registry.revoked() if revocations else set()
        if not differs(desired, found, revoked, signer=key):
            return attempt > 0
        at_least = max([int(time.time()), *(claims["iat"] + 1 for claims in found)])
        issued_at = await registry.next_issued_at(at_least=at_least)
        revoked = await registry.revoked() if revocations else set()
        await _send(signer, merge(desired, found, revoked), issued_at)
    raise ClaimsError(
        f"account {desired['name']}: not the same on all servers after {ATTEMPTS} rounds; "
        "are all servers up (`ainp status`), and is nobody else changing it?"
    )


async def _send(signer: Signer, claims: dict[str, Any], issued_at: int) -> None:
    token = nats_jwt.encode(claims, signer_seed=signer.seed, issued_at=issued_at).encode()
    if len(token) > signer.system.max_payload:
        raise ClaimsError(
            f"account {claims['name']}: {len(token)} bytes of claims with {len(_revocations(claims))} revocations, "
            f"must be at most {signer.system.max_payload}; raise nats.max_payload_kib"
        )
    for answer in await request_all(signer.system, "$SYS.REQ.CLAIMS.UPDATE", token):
        if b'"error"' in answer:
            raise ClaimsError(f"account {claims['name']}: a server refused its claims: {answer.decode()}")


def _revocations(claims: dict[str, Any]) -> dict[str, int]:
    return claims.get("nats", {}).get("revocations") or {}


def _content(claims: dict[str, Any]) -> dict[str, Any]:
    content = {key: value for key, value in claims.items() if key not in _VOLATILE}
    content["nats"] = {key: value for key, value in claims["nats"].items() if key != "revocations"}
    return content


__all__ = ["ClaimsError", "SessionError", "Signer", "differs", "live", "merge", "reconcile"]

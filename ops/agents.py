"""Add, list and revoke agents: each takes effect on the running servers at once, and none restarts anything.

An agent is a UUID, a key pair, a token signed by the account's scoped key, and an entry in the registry. Adding one
reserves its name in the registry and signs; no server needs to hear of it. Revoking one marks it in the registry and
publishes the account's claims, upon which the servers end its connections. Two operators who revoke at the same time do
not undo each other: how is explained in `jobs.account_claims`.

Credentials are returned once and kept nowhere. A name is used once, so that a line in a log means one agent for ever.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import nats
from nats.js.errors import NotFoundError

from config import subjects
from config.nats_identities import NatsIdentities
from jobs import account_claims, nats_jwt
from jobs.account_claims import ClaimsError, Signer
from jobs.nats_session import Login, SessionError, connected
from jobs.registry import Agent, NameTakenError, Registry
from ops.errors import OperatorError

WAIT_SECONDS = 5
"""How long a command tries to connect: the operator is waiting, and the stack is meant to run."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsAccess:
    """What it takes to manage the agents of a running stack."""

    url: str
    """As reached from here, such as `tls://127.0.0.1:4222`."""
    ca_file: str
    identities: NatsIdentities


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedAgent:
    """A new agent, with the credentials that exist nowhere else."""

    agent: Agent
    creds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAgent:
    """An agent and its state."""

    agent: Agent
    state: str
    """`active`, `revoked`, or `revoking`: marked, but a server still lets it in, because a command was interrupted."""


async def add(access: NatsAccess, name: str) -> AddedAgent:
    """Add an agent and return its credentials.

    Raises:
        OperatorError: the name is no DNS label or was used before, or the servers cannot be reached.
    """
    async with open_agents(access) as agents:
        return await agents.add(name)


async def listed(access: NatsAccess) -> list[ListedAgent]:
    """Return all agents that were ever added, oldest first."""
    async with open_agents(access) as agents:
        return await agents.listed()


async def revoke(access: NatsAccess, name: str) -> Agent:
    """Revoke an agent on all servers and return it.

    Raises:
        OperatorError: no such agent, or it is revoked on all servers already.
    """
    async with open_agents(access) as agents:
        return await agents.revoke(name)


@asynccontextmanager
async def open_agents(access: NatsAccess) -> AsyncIterator[Agents]:
    """Connect once for several calls; faults of NATS become `OperatorError`."""
    try:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    connected([access.url], access.ca_file, Login(user=user, creds=creds), wait_seconds=WAIT_SECONDS)
                )
                for user, creds in (
                    ("registry", access.identities.registry_creds),
                    ("system", access.identities.system_creds),
                )
            ]
            registry = await Registry.open(clients[0], subjects.AGENTS_BUCKET)
            signer = Signer(system=clients[1], seed=access.identities.operator_signing_seed)
            yield Agents(access.identities, registry, signer)
    except NotFoundError as error:
        raise OperatorError(
            f"nats: the bucket {subjects.AGENTS_BUCKET} does not exist",
            remedy="run `ainp up`, whose last step makes it",
        ) from error
    except (SessionError, ClaimsError) as error:
        raise OperatorError(f"nats: {error}") from error
    except nats.errors.Error as error:
        raise OperatorError(f"nats: {error}", remedy="`ainp status` shows whether the servers are healthy") from error


class Agents:
    """The agents of a stack, through open connections."""

    def __init__(self, identities: NatsIdentities, registry: Registry, signer: Signer) -> None:
        self._identities = identities
        self._registry = registry
        self._signer = signer

    async def add(self, name: str) -> AddedAgent:
        """Add one agent; see `add`."""
        checked_name(name)
        seed = nats_jwt.new_seed("user")
        agent = Agent(name=name, id=str(uuid4()), public_key=nats_jwt.public_key(seed), created_at=_now())
        try:
            await self._registry.add(agent)
        except NameTakenError as error:
            raise OperatorError(
                f"agent {name!r} was added before; a name is used once, also after its agent was revoked",
                remedy=f"choose another name, such as {name[:60]}-2; `ainp agent list` shows those in use",
            ) from error
        creds = self._identities.agent_creds(agent=agent.id, user_seed=seed, issued_at=int(time.time()))
        return AddedAgent(agent=agent, creds=creds)

    async def listed(self) -> list[ListedAgent]:
        """Return all agents; see `listed`."""
        agents, marked = await self._registry.agents(), await self._registry.revoked()
        effective = await self._effective()
        return [ListedAgent(agent=agent, state=_state(agent.public_key, marked, effective)) for agent in agents]

    async def revoke(self, name: str) -> Agent:
        """Revoke one agent; see `revoke`."""
        agent = await self._registry.find(name)
        if agent is None:
            raise OperatorError(f"no agent {name!r} was ever added", remedy="`ainp agent list` shows all names")
        fresh = await self._registry.mark_revoked(agent, at=_now())
        if not fresh and agent.public_key in await self._effective():
            raise OperatorError(f"agent {name!r} is revoked already", remedy="nothing is left to do")
        await account_claims.reconcile(self._signer, self._registry, await self._desired(), revocations=True)
        return agent

    async def _effective(self) -> set[str]:
        """Return the keys that every server refuses."""
        found = await account_claims.live(self._signer.system, self._identities.ainp_account)
        return set.intersection(*(set(claims["nats"].get("revocations") or {}) for claims in found)) if found else set()

    async def _desired(self) -> dict[str, object]:
        """Return the account's claims as they are: what else they say is for `provision` to change."""
        found = await account_claims.live(self._signer.system, self._identities.ainp_account)
        if not found:
            raise OperatorError("nats: no server knows account AINP", remedy="run `ainp up`, which provisions it")
        newest = max(found, key=lambda claims: int(claims["iat"]))
        kept = {key: value for key, value in newest.items() if key not in {"iat", "jti"}}
        kept["nats"] = {key: value for key, value in newest["nats"].items() if key != "revocations"}
        return kept


def checked_name(name: str) -> str:
    """Return `name` if it may name an agent.

    Raises:
        OperatorError: it is no DNS label (RFC 1123, section 2.1; RFC 1035, section 2.3.4).
    """
    if not _NAME.fullmatch(name):
        raise OperatorError(
            f"agent name {name!r}: must be a DNS label: 1 to 63 lower-case letters, digits and '-', "
            "with no '-' at its ends",
            remedy="choose a name such as planner-1",
        )
    return name


def as_json(rows: list[ListedAgent]) -> str:
    """Return the list for programs."""
    return json.dumps(
        [
            {
                "name": row.agent.name,
                "id": row.agent.id,
                "public_key": row.agent.public_key,
                "created_at": row.agent.created_at,
                "state": row.state,
            }
            for row in rows
        ],
        indent=2,
    )


def _state(key: str, marked: set[str], effective: set[str]) -> str:
    if key in effective:
        return "revoked"
    return "revoking" if key in marked else "active"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

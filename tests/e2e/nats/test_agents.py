"""Adding and revoking agents takes effect on the running server, at the number that the requirements name."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import pytest

from jobs.nats_session import SessionError
from ops import agents
from ops.agents import AddedAgent
from ops.errors import OperatorError
from tests.e2e.nats.server import NatsServer, gather

AGENTS = 1_000
SECONDS = 5.0
"""Bound for `within seconds`; measured below 1 s."""


def fresh(prefix: str = "a") -> str:
    return f"{prefix}-{uuid4().hex[:12]}"


async def added(server: NatsServer, count: int) -> list[AddedAgent]:
    async with agents.open_agents(server.access) as manager:
        return [await manager.add(fresh()) for _ in range(count)]


async def may_connect(server: NatsServer, agent: AddedAgent) -> bool:
    try:
        async with server.login(agent.agent.id, agent.creds) as client:
            await client.flush()
    except SessionError as error:
        if "was refused" not in str(error):
            raise
        return False
    return True


async def test_a_thousand_agents_are_added_and_can_connect_at_once(server: NatsServer) -> None:
    new = await added(server, AGENTS)
    assert len({one.agent.id for one in new}) == AGENTS
    names = {row.agent.name for row in await agents.listed(server.access)}
    assert {one.agent.name for one in new} <= names
    assert all(await asyncio.gather(*(may_connect(server, one) for one in new[::20])))
    assert "Reloaded" not in server.logs()


async def test_revoking_ends_the_connection_within_seconds_and_for_good(server: NatsServer) -> None:
    leaving, staying = await added(server, 2)
    closed = asyncio.Event()
    async with (
        server.login(leaving.agent.id, leaving.creds) as client,
        server.login(staying.agent.id, staying.creds) as other,
    ):

        async def note() -> None:
            closed.set()

        client._closed_cb = note
        started = time.monotonic()
        await agents.revoke(server.access, leaving.agent.name)
        await asyncio.wait_for(closed.wait(), SECONDS)
        assert time.monotonic() - started < SECONDS
        await other.flush()
        assert other.is_connected, "control: another agent stays"

    assert not await may_connect(server, leaving)
    assert await may_connect(server, staying), "control: another agent comes back"

    server.restart()
    assert not await may_connect(server, leaving), "after a restart"
    assert await may_connect(server, staying), "control: another agent after a restart"

    server.replace()
    server.wait_healthy()
    assert not await may_connect(server, leaving), "after a new container with the first claims in its configuration"
    states = {row.agent.name: row.state for row in await agents.listed(server.access)}
    assert states[leaving.agent.name] == "revoked"
    assert states[staying.agent.name] == "active"


async def test_operators_who_revoke_at_the_same_time_do_not_undo_each_other(server: NatsServer) -> None:
    new = await added(server, 12)
    results = await gather(*(agents.revoke(server.access, one.agent.name) for one in new))
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert not any(await asyncio.gather(*(may_connect(server, one) for one in new)))


async def test_two_operators_cannot_both_take_a_name(server: NatsServer) -> None:
    name = fresh()
    results = await gather(*(agents.add(server.access, name) for _ in range(4)))
    assert sum(isinstance(result, AddedAgent) for result in results) == 1
    assert sum(isinstance(result, OperatorError) for result in results) == 3


async def test_a_name_stays_taken_after_its_agent_was_revoked(server: NatsServer) -> None:
    (agent,) = await added(server, 1)
    await agents.revoke(server.access, agent.agent.name)
    with pytest.raises(OperatorError, match="was added before"):
        await agents.add(server.access, agent.agent.name)


async def test_revoking_twice_or_a_name_that_nobody_has_is_said_clearly(server: NatsServer) -> None:
    (agent,) = await added(server, 1)
    await agents.revoke(server.access, agent.agent.name)
    with pytest.raises(OperatorError, match="is revoked already"):
        await agents.revoke(server.access, agent.agent.name)
    with pytest.raises(OperatorError, match="no agent 'nobody' was ever added"):
        await agents.revoke(server.access, "nobody")


async def test_a_revocation_that_was_interrupted_is_shown_and_finished_by_the_next(server: NatsServer) -> None:
    first, second = await added(server, 2)
    async with agents.open_agents(server.access) as manager:
        assert await manager._registry.mark_revoked(first.agent, at="now")  # and killed before it told the servers
    states = {row.agent.name: row.state for row in await agents.listed(server.access)}
    assert states[first.agent.name] == "revoking"
    assert await may_connect(server, first), "control: not in force yet"

    await agents.revoke(server.access, second.agent.name)
    assert not await may_connect(server, first)


async def test_an_interrupted_revocation_is_finished_by_repeating_it(server: NatsServer) -> None:
    (agent,) = await added(server, 1)
    async with agents.open_agents(server.access) as manager:
        await manager._registry.mark_revoked(agent.agent, at="now")
    await agents.revoke(server.access, agent.agent.name)
    assert not await may_connect(server, agent)


async def test_credentials_of_another_stack_are_refused(server: NatsServer) -> None:
    stranger = NatsServer(server.image, server.folder / fresh("other"), host=server.host)
    with pytest.raises(SessionError, match="was refused"):
        async with server.login("admin", stranger.keys.admin_creds):
            pass
    async with server.admin() as client:
        assert client.is_connected, "control: its own"

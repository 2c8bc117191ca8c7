"""Streams and limits as the settings say, and what each user may do.

Agents here are signed and forgotten: no registry entry, no revocation, nothing that stays on the servers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from nats.aio.client import Client

from config import streams, subjects
from config.nats_identities import NatsIdentities
from config.subjects import INBOX_KINDS, Kind
from jobs import nats_jwt
from jobs.nats_session import Login, SessionError, connected, request_json
from tests.infra.conftest import RunningStack

WAIT_SECONDS = 5


@pytest.fixture(autouse=True)
def _only_with_a_user_for_every_agent(stack: RunningStack) -> None:
    if stack.settings.nats.auth != "jwt":
        pytest.skip("ainp:nats.auth = 'token' gives every client the same rights")


@asynccontextmanager
async def login(stack: RunningStack, user: str, creds: str, errors: list[str] | None = None) -> AsyncIterator[Client]:
    url = f"tls://{stack.outputs['endpoints']['nats']['client']}"
    async with connected([url], str(stack.ca_file), Login(user=user, creds=creds), wait_seconds=WAIT_SECONDS) as client:

        async def keep(error: Exception) -> None:
            if errors is not None:
                errors.append(str(error).lower())

        client._error_cb = keep
        yield client


def agent_creds(identities: NatsIdentities) -> tuple[str, str]:
    agent = str(uuid4())
    return agent, identities.agent_creds(agent=agent, user_seed=nats_jwt.new_seed("user"), issued_at=int(time.time()))


async def settle(client: Client) -> None:
    """Wait until the server has answered everything sent so far.

    Twice, because nats-py 2.16 writes a PING ahead of the commands that still wait in its buffer: the first round trip
    flushes them, the second comes after them.
    """
    await client.flush()
    await client.flush()


@dataclass
class Agent:
    id: str
    client: Client
    errors: list[str]

    async def refused(self, subject: str, body: Any = None) -> bool:
        """Publish, and say whether the server refused it."""
        self.errors.clear()
        await self.client.publish(subject, json.dumps(body).encode() if body else b"{}")
        await settle(self.client)
        return any("permissions violation" in error for error in self.errors)


@pytest_asyncio.fixture
async def agents(stack: RunningStack) -> AsyncIterator[tuple[Agent, Agent]]:
    async with AsyncExitStack() as open_until_the_end:
        made: list[Agent] = []
        for _ in range(2):
            name, creds = agent_creds(stack.identities)
            errors: list[str] = []
            client = await open_until_the_end.enter_async_context(login(stack, name, creds, errors))
            made.append(Agent(name, client, errors))
        yield made[0], made[1]
        async with login(stack, "admin", stack.identities.admin_creds) as admin:
            for agent in made:
                for kind in INBOX_KINDS:
                    stream = subjects.stream(kind)
                    await request_json(admin, f"$JS.API.CONSUMER.DELETE.{stream}.{agent.id}")
                    purge = {"filter": subjects.subject(agent.id, kind)}
                    await request_json(admin, f"$JS.API.STREAM.PURGE.{stream}", purge)


async def test_streams_and_their_limits_are_those_of_the_settings(stack: RunningStack) -> None:
    nats = stack.settings.nats
    wanted = streams.message_streams(
        replicas=nats.replicas,
        storage_gib=nats.storage_gib,
        retention_days=nats.retention_days,
        max_message_kib=nats.max_payload_kib,
    )
    async with login(stack, "admin", stack.identities.admin_creds) as admin:
        for one in wanted:
            answer = await request_json(admin, f"$JS.API.STREAM.INFO.{one.name}")
            live = answer["config"]
            # the server leaves out what is false or zero
            wanted_fields = {key: value for key, value in one.to_api().items() if value}
            assert {key: live.get(key) for key in wanted_fields} == wanted_fields
            assert not any(live.get(key) for key in one.to_api().keys() - wanted_fields.keys())
            assert len((answer.get("cluster") or {}).get("replicas") or []) == nats.replicas - 1


def consumer_request(consumer: str, owner: str, kind: Kind) -> tuple[str, dict[str, Any]]:
    """Return the request by which `consumer` asks to read the messages of `owner`."""
    stream, subject = subjects.stream(kind), subjects.subject(owner, kind)
    config = {"durable_name": consumer, "name": consumer, "ack_policy": "explicit", "filter_subject": subject}
    return f"$JS.API.CONSUMER.CREATE.{stream}.{consumer}.{subject}", {"stream_name": stream, "config": config}


async def test_an_intent_reaches_the_agent_that_it_is_for(agents: tuple[Agent, Agent]) -> None:
    sender, receiver = agents
    stream = subjects.stream(Kind.INTENTS)
    created = await request_json(receiver.client, *consumer_request(receiver.id, receiver.id, Kind.INTENTS))
    assert "error" not in created
    acknowledged = await sender.client.request(subjects.subject(receiver.id, Kind.INTENTS), b"translate", timeout=5)
    assert json.loads(acknowledged.data)["stream"] == stream
    # a delivered message keeps its own subject, so the client's request() would not know it for the answer
    inbox = receiver.client.new_inbox()
    delivered = await receiver.client.subscribe(inbox, max_msgs=1)
    await receiver.client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{receiver.id}", b"", reply=inbox)
    assert (await delivered.next_msg(timeout=5)).data == b"translate"


@pytest.mark.parametrize("kind", INBOX_KINDS)
async def test_one_agent_cannot_subscribe_to_anothers_subject(
    agents: tuple[Agent, Agent], kind: Kind, stack: RunningStack
) -> None:
    alice, bob = agents
    async with login(stack, "admin", stack.identities.admin_creds) as admin:
        heard = await admin.subscribe(subjects.subject(bob.id, kind))
        await settle(admin)
        alice.errors.clear()
        await alice.client.subscribe(subjects.subject(bob.id, kind))
        await settle(alice.client)
        assert any("permissions violation" in error for error in alice.errors)
        await admin.publish(subjects.subject(bob.id, kind), b"control")
        assert (await heard.next_msg(timeout=5)).data == b"control"


@pytest.mark.parametrize("kind", INBOX_KINDS)
async def test_one_agent_cannot_read_anothers_subject_through_a_consumer(
    agents: tuple[Agent, Agent], kind: Kind
) -> None:
    alice, bob = agents
    # answered, not only sent: a cluster may leave a request unanswered that removes what is still being created
    created = await request_json(alice.client, *consumer_request(alice.id, alice.id, kind))
    assert "error" not in created, "control: its own"
    assert await alice.refused(*consumer_request(alice.id, bob.id, kind))
    assert await alice.refused(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.stream(kind)}.{bob.id}")


async def test_wrong_credentials_are_refused(stack: RunningStack) -> None:
    agent, creds = agent_creds(stack.identities)
    async with login(stack, agent, creds) as client:
        assert client.is_connected, "control: signed by this stack"
    stranger, forged = agent_creds(NatsIdentities.generate())
    with pytest.raises(SessionError, match=r"(?i)authorization"):
        async with login(stack, stranger, forged):
            pass


async def test_no_credentials_are_refused(stack: RunningStack) -> None:
    url = f"tls://{stack.outputs['endpoints']['nats']['client']}"
    with pytest.raises(SessionError, match=r"(?i)authorization|nonce|credentials"):
        async with connected([url], str(stack.ca_file), Login(user="nobody"), wait_seconds=WAIT_SECONDS):
            await asyncio.sleep(0)

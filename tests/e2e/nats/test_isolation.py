"""One agent cannot read another's messages, in any form of the API; each refusal has its positive control.

The server answers a request that permissions forbid with an error on the connection before it answers the next ping, so
no test waits for something not to happen.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client

from config import subjects
from config.subjects import INBOX_KINDS, Kind
from ops import agents
from tests.e2e.nats.server import NatsServer


@dataclass
class Person:
    """A connected agent (or the admin) and the errors that the server sent it."""

    id: str
    client: Client
    errors: list[str]

    async def violations(self) -> list[str]:
        for _ in range(2):  # nats-py sends the first ping ahead of what is still in its buffer
            await self.client.flush()
        found = [error for error in self.errors if "permissions violation" in error.lower()]
        self.errors.clear()
        return found

    async def publish(self, subject: str, body: Any = None, reply: str = "") -> list[str]:
        """Publish and return the server's refusals."""
        await self.client.publish(subject, json.dumps(body).encode() if body else b"", reply=reply)
        return await self.violations()

    async def ask(self, subject: str, body: Any = None) -> dict[str, Any]:
        """Request something that is permitted and return the answer."""
        message = await self.client.request(subject, json.dumps(body).encode() if body else b"", timeout=3)
        answer: dict[str, Any] = json.loads(message.data)
        return answer


@dataclass
class People:
    alice: Person
    bob: Person
    admin: Person


@pytest_asyncio.fixture
async def people(server: NatsServer) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:

        async def enter(user: str, creds: str) -> Person:
            client = await stack.enter_async_context(server.login(user, creds))
            person = Person(user, client, [])

            async def keep(error: Exception) -> None:
                person.errors.append(str(error))

            client._error_cb = keep
            return person

        async with agents.open_agents(server.access) as manager:
            added = [await manager.add(f"a-{uuid4().hex[:12]}") for _ in range(2)]
        alice, bob = [await enter(one.agent.id, one.creds) for one in added]
        yield People(alice, bob, await enter("admin", server.keys.admin_creds))


Body = dict[str, Any] | None
Form = Callable[[str, str, Kind], tuple[str, Body]]
"""Who asks, whose messages, which kind -> subject and body of a request."""


def config(consumer: str, owner: str, kind: Kind, **changes: Any) -> dict[str, Any]:
    own = {"name": consumer, "durable_name": consumer, "ack_policy": "explicit"}
    own["filter_subject"] = subjects.subject(owner, kind)
    return {"stream_name": subjects.stream(kind), "config": own | changes}


def create(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    stream, subject = subjects.stream(kind), subjects.subject(owner, kind)
    return f"$JS.API.CONSUMER.CREATE.{stream}.{me}.{subject}", config(me, owner, kind)


def create_push(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    subject, _ = create(me, owner, kind)
    return subject, config(me, owner, kind, deliver_subject=f"{subjects.inbox_prefix(me)}.push")


def info(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.CONSUMER.INFO.{subjects.stream(kind)}.{owner}", None


def fetch(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.CONSUMER.MSG.NEXT.{subjects.stream(kind)}.{owner}", None


def acknowledge(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.ACK.{subjects.stream(kind)}.{owner}.1.1.1.1.0", None


def dead_letter(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return subjects.subject(owner, Kind.DEAD_LETTERS), None


@pytest.mark.parametrize("kind", INBOX_KINDS)
@pytest.mark.parametrize("form", [create, create_push, info, fetch, acknowledge, dead_letter])
async def test_what_an_agent_may_do_for_itself_it_may_not_do_for_another(
    people: People, form: Form, kind: Kind
) -> None:
    alice, bob = people.alice, people.bob
    assert await alice.publish(*form(alice.id, alice.id, kind)) == [], "control: for itself"
    assert await alice.publish(*form(alice.id, bob.id, kind)), "another's"


def create_without_filter(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.CONSUMER.CREATE.{subjects.stream(kind)}.{me}", config(me, owner, kind)


def create_ephemeral(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    body = config(me, owner, kind)
    del body["config"]["durable_name"]
    return f"$JS.API.CONSUMER.CREATE.{subjects.stream(kind)}", body


def create_durable(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.CONSUMER.DURABLE.CREATE.{subjects.stream(kind)}.{me}", config(me, owner, kind)


def create_with_many_filters(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    body = config(me, owner, kind, filter_subjects=[subjects.subject(owner, kind)])
    del body["config"]["filter_subject"]
    return f"$JS.API.CONSUMER.CREATE.{subjects.stream(kind)}.{me}", body


def get_message(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.STREAM.MSG.GET.{subjects.stream(kind)}", {"last_by_subj": subjects.subject(owner, kind)}


def get_directly(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.DIRECT.GET.{subjects.stream(kind)}.{subjects.subject(owner, kind)}", None


def list_consumers(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return f"$JS.API.CONSUMER.LIST.{subjects.stream(kind)}", None


def copy_into_own_stream(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return "$JS.API.STREAM.CREATE.COPY", {"name": "COPY", "mirror": {"name": subjects.stream(kind)}, "max_bytes": 1024}


def purge(me: str, owner: str, kind: Kind) -> tuple[str, Body]:
    return "$JS.API.STREAM.PURGE.NONE", None


@pytest.mark.parametrize(
    "form",
    [create_without_filter, create_ephemeral, create_durable, create_with_many_filters, get_message, get_directly,
     list_consumers, copy_into_own_stream, purge],
)  # fmt: skip
async def test_forms_that_do_not_name_the_subject_are_refused_even_for_an_agents_own(
    people: People, form: Form
) -> None:
    alice, bob, admin = people.alice, people.bob, people.admin
    assert await admin.publish(*form(alice.id, bob.id, Kind.INTENTS)) == [], "control: the admin"
    assert await alice.publish(*form(alice.id, alice.id, Kind.INTENTS)), "its own"
    assert await alice.publish(*form(alice.id, bob.id, Kind.INTENTS)), "another's"


@pytest.mark.parametrize(
    "other_filter",
    [
        lambda subject: {"filter_subject": subject},
        lambda subject: {"filter_subject": "", "filter_subjects": [subject]},
        lambda subject: {"filter_subjects": [subject]},
        lambda subject: {"filter_subject": "ainp.agent.*.intents"},
        lambda subject: {"filter_subject": ""},
    ],
)
async def test_a_permitted_request_with_another_filter_in_its_body_is_refused(
    people: People, other_filter: Callable[[str], dict[str, Any]]
) -> None:
    alice, bob = people.alice, people.bob
    subject, body = create(alice.id, alice.id, Kind.INTENTS)
    assert body
    smuggled = config(alice.id, alice.id, Kind.INTENTS, **other_filter(subjects.subject(bob.id, Kind.INTENTS)))
    assert "filter" in (await alice.ask(subject, smuggled))["error"]["description"]
    assert "error" not in await alice.ask(subject, body), "control: the same with its own filter"


async def test_an_agent_hears_nothing_but_its_inbox(people: People) -> None:
    alice, bob, admin = people.alice, people.bob, people.admin
    forbidden = [
        ">", "ainp.>", "ainp.agent.*.intents", subjects.subject(bob.id, Kind.INTENTS), "_INBOX.>",
        f"{subjects.inbox_prefix(bob.id)}.>", "$JS.EVENT.>", f"{subjects.subject(bob.id, Kind.INTENTS)}",
    ]  # fmt: skip
    for subject in forbidden:
        await admin.client.subscribe(subject)
        assert await admin.violations() == [], f"control: the admin on {subject}"
        await alice.client.subscribe(subject)
        assert await alice.violations(), subject
    await alice.client.subscribe(f"{subjects.inbox_prefix(alice.id)}.x")
    assert await alice.violations() == [], "control: its own inbox"


async def test_an_intent_reaches_its_receiver_and_nobody_else(people: People) -> None:
    alice, bob = people.alice, people.bob
    for person in (alice, bob):
        assert "error" not in await person.ask(*create(person.id, person.id, Kind.INTENTS))
    for text in (b"first", b"second"):
        await alice.client.jetstream().publish(subjects.subject(bob.id, Kind.INTENTS), text)

    inbox = await bob.client.jetstream().pull_subscribe_bind(consumer=bob.id, stream="AINP_INTENTS")
    received = await inbox.fetch(2, timeout=3)
    assert [message.data for message in received] == [b"first", b"second"]
    for message in received:
        await message.ack_sync()

    own = await alice.client.jetstream().pull_subscribe_bind(consumer=alice.id, stream="AINP_INTENTS")
    with pytest.raises(nats.errors.TimeoutError):
        await own.fetch(1, timeout=0.5)


async def test_a_reply_subject_does_not_reach_the_registry_or_the_management_of_streams(
    people: People, server: NatsServer
) -> None:
    """Permissions do not bind replies: what protects the registry is its account, what protects streams the server."""
    alice, admin = people.alice, people.admin
    own = subjects.subject(alice.id, Kind.INTENTS)
    assert "error" not in await alice.ask(*create(alice.id, alice.id, Kind.INTENTS))
    await alice.client.jetstream().publish(own, b"{}")

    async def delivered_to(reply: str) -> None:
        await alice.publish(own, {"forged": True})
        assert await alice.publish(f"$JS.API.CONSUMER.MSG.NEXT.AINP_INTENTS.{alice.id}", reply=reply) == []
        assert await alice.publish(own, {"forged": True}, reply=reply) == []

    heard = await admin.client.subscribe("elsewhere")
    await admin.client.flush()
    await delivered_to("elsewhere")
    assert await heard.next_msg(2), "control: a reply to a subject that the agent may not publish arrives"

    before = (await admin.ask("$JS.API.STREAM.INFO.AINP_INTENTS"))["state"]["messages"]
    await delivered_to("$JS.API.STREAM.PURGE.AINP_INTENTS")
    await delivered_to("$JS.API.STREAM.DELETE.AINP_INTENTS")
    await delivered_to("$KV.AINP_AGENTS.agent.forged")
    await asyncio.sleep(0.5)
    assert (await admin.ask("$JS.API.STREAM.INFO.AINP_INTENTS"))["state"]["messages"] > before
    assert "forged" not in [row.agent.name for row in await agents.listed(server.access)]

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import subjects
from config.subjects import Kind, SubjectError

AGENT = "0192f0c1-2b3c-7d4e-8f50-61728394a5b6"


def test_an_agent_is_addressed_by_its_uuid() -> None:
    assert subjects.subject(AGENT, Kind.INTENTS) == f"ainp.agent.{AGENT}.intents"
    assert subjects.subject(AGENT, Kind.DEAD_LETTERS) == f"ainp.agent.{AGENT}.dead_letters"


@pytest.mark.parametrize(
    "value",
    ["", "*", ">", "a.b", "did:web:example.com", AGENT.upper(), AGENT.replace("-", ""), f"{{{AGENT}}}", f" {AGENT}",
     f"urn:uuid:{AGENT}", f"{AGENT}\n"],
)  # fmt: skip
def test_anything_else_is_refused_with_the_value_and_the_rule(value: str) -> None:
    with pytest.raises(SubjectError, match="must be a lower-case UUID") as refused:
        subjects.subject(value, Kind.INTENTS)
    assert repr(value) in str(refused.value)


@given(st.text())
def test_no_text_but_a_uuid_becomes_part_of_a_subject(value: str) -> None:
    try:
        token = subjects.agent_id(value)
    except SubjectError:
        return
    assert len(token) == 36
    assert set(token) <= set("0123456789abcdef-")


def test_a_stream_records_the_subjects_of_every_agent() -> None:
    for kind in Kind:
        own = subjects.subject(uuid4(), kind).split(".")
        pattern = subjects.pattern(kind).split(".")
        assert len(own) == len(pattern)
        assert all(p in ("*", o) for p, o in zip(pattern, own, strict=True))


def test_names_of_streams_are_those_of_the_requirements() -> None:
    assert [subjects.stream(kind) for kind in Kind] == [
        "AINP_INTENTS", "AINP_NEGOTIATION", "AINP_RESULTS", "AINP_DEAD_LETTERS",
    ]  # fmt: skip


def test_a_consumer_and_an_inbox_carry_the_agents_id() -> None:
    assert subjects.consumer(AGENT) == AGENT
    assert subjects.inbox_prefix(AGENT) == f"_INBOX.{AGENT}"
    with pytest.raises(SubjectError):
        subjects.inbox_prefix("*")

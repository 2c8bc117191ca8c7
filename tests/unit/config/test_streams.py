from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import streams, subjects
from config.subjects import Kind

SIZES = st.integers(min_value=1, max_value=65_536)
REQUIRED_BYTES = 7 * 24 * 60 * 100 * 2048
"""The requirements' estimate for intents: 7 days, 100 a minute, 2 KB."""


def described(**changes: Any) -> dict[str, dict[str, Any]]:
    values = {"replicas": 3, "storage_gib": 10, "retention_days": 7, "max_message_kib": 256} | changes
    return {stream.name: stream.to_api() for stream in streams.message_streams(**values)}


@pytest.mark.parametrize("kind", [Kind.INTENTS, Kind.NEGOTIATION, Kind.RESULTS])
def test_a_full_stream_refuses_the_publisher_instead_of_dropping_messages(kind: Kind) -> None:
    assert described()[subjects.stream(kind)]["discard"] == "new"


def test_the_oldest_dead_letters_give_way() -> None:
    assert described()["AINP_DEAD_LETTERS"]["discard"] == "old"


def test_every_stream_has_a_copy_on_every_server_and_lies_on_disk() -> None:
    for stream in described(replicas=3).values():
        assert stream["num_replicas"] == 3
        assert stream["storage"] == "file"
        assert stream["max_age"] == 7 * 24 * 3600 * 10**9


def test_the_estimate_of_the_requirements_fits_twice_into_the_smallest_default() -> None:
    assert described(storage_gib=10)["AINP_INTENTS"]["max_bytes"] > 2 * REQUIRED_BYTES


@given(SIZES, st.sampled_from([1, 3, 5]))
def test_the_streams_never_ask_for_more_than_the_accounts_may_store(storage_gib: int, replicas: int) -> None:
    size = {"replicas": replicas, "storage_gib": storage_gib}
    messages = streams.message_streams(**size, retention_days=7, max_message_kib=256)
    registry = streams.agents_bucket(**size)
    assert sum(s.max_bytes for s in messages) * replicas <= streams.message_disk_bytes(**size)
    assert registry.max_bytes * replicas <= streams.registry_disk_bytes(**size)
    total = streams.message_disk_bytes(**size) + streams.registry_disk_bytes(**size)
    assert total <= storage_gib * 1024**3 * replicas
    assert all(s.max_bytes > 0 for s in (*messages, registry))


def test_the_registry_of_agents_never_expires_and_is_read_from_the_leader() -> None:
    registry = streams.agents_bucket(replicas=3, storage_gib=10).to_api()
    assert registry["name"] == "KV_AINP_AGENTS"
    assert registry["subjects"] == ["$KV.AINP_AGENTS.>"]
    assert registry["max_age"] == 0
    assert registry["allow_direct"] is False


def test_the_text_is_the_same_at_every_run() -> None:
    made = [streams.message_streams(replicas=1, storage_gib=2, retention_days=1, max_message_kib=64) for _ in range(2)]
    assert streams.to_json(made[0]) == streams.to_json(made[1])
    assert [stream["name"] for stream in json.loads(streams.to_json(made[0]))] == list(described())

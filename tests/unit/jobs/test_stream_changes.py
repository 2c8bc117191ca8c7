from __future__ import annotations

from typing import Any

import pytest

from config import streams
from jobs.stream_changes import compare, update

DESIRED = streams.message_streams(replicas=1, storage_gib=1, retention_days=7, max_message_kib=256)[0].to_api()


def live(**changes: Any) -> dict[str, Any]:
    """What the server returns: without what is false or empty, with fields of its own."""
    kept = {key: value for key, value in (DESIRED | changes).items() if value or key == "max_bytes"}
    return kept | {"metadata": {"_nats.ver": "2.15.2"}, "consumer_limits": {}}


def test_a_stream_as_wanted_has_no_changes() -> None:
    assert compare(DESIRED, live(), stored_bytes=0) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_age", 1), ("max_bytes", 10**6), ("num_replicas", 3), ("discard", "old"), ("max_msg_size", 1),
        ("subjects", ["ainp.>"]), ("republish", {"src": ">", "dest": "copy.>"}), ("no_ack", True), ("max_msgs", 5),
    ],
)  # fmt: skip
def test_what_jetstream_may_change_is_a_change(field: str, value: Any) -> None:
    (change,) = compare(DESIRED, live(**{field: value}), stored_bytes=0)
    assert (change.field, change.live, change.desired) == (field, value, DESIRED[field])
    assert not change.refusal


@pytest.mark.parametrize(
    ("field", "value"),
    [("storage", "memory"), ("retention", "workqueue"), ("sealed", True), ("mirror", {"name": "X"}),
     ("deny_purge", True)],
)  # fmt: skip
def test_what_a_stream_has_for_life_is_refused_with_both_values_and_a_remedy(field: str, value: Any) -> None:
    (change,) = compare(DESIRED, live(**{field: value}), stored_bytes=0)
    text = str(change)
    assert change.refusal
    assert f"AINP_INTENTS: {field} is {value!r}" in text
    assert "provision" in text


def test_a_size_below_what_is_stored_is_refused() -> None:
    (change,) = compare(DESIRED, live(max_bytes=10**12), stored_bytes=DESIRED["max_bytes"] + 1)
    assert "would delete messages or refuse publishers" in change.refusal


def test_a_smaller_size_that_still_holds_everything_is_a_change() -> None:
    (change,) = compare(DESIRED, live(max_bytes=10**12), stored_bytes=DESIRED["max_bytes"])
    assert not change.refusal


def test_deletion_may_be_forbidden_but_not_allowed_again() -> None:
    bucket = streams.agents_bucket(replicas=1, storage_gib=1).to_api()
    (change,) = compare(bucket, bucket | {"deny_delete": False}, stored_bytes=0)
    assert not change.refusal


def test_an_update_keeps_what_the_server_added() -> None:
    sent = update(DESIRED, live(max_age=1, placement={"cluster": "x"}))
    assert sent["max_age"] == DESIRED["max_age"]
    assert sent["placement"] == {"cluster": "x"}

from __future__ import annotations

import json

import pytest

from config import provision as description
from config import streams
from config.nats_identities import NatsIdentities
from jobs import provision
from jobs.stream_changes import Change
from jobs.stream_reconcile import Plan

KEYS = NatsIdentities.generate(issued_at=1_700_000_000)
SIZE = {"replicas": 1, "storage_gib": 1}
MESSAGES = streams.message_streams(**SIZE, retention_days=7, max_message_kib=256)
REGISTRY = streams.agents_bucket(**SIZE)
ACCOUNTS = KEYS.account_claims(message_disk_bytes=1, registry_disk_bytes=1)


def test_the_description_holds_no_secret() -> None:
    text = description.render(
        servers=["tls://nats-0:4222"], auth="jwt", streams=MESSAGES, registry=REGISTRY, accounts=ACCOUNTS
    )
    seeds = [getattr(KEYS, name) for name in KEYS.__slots__ if name.endswith("_seed")]
    assert not any(seed in text for seed in seeds)
    assert [stream["name"] for stream in json.loads(text)["streams"]] == [stream.name for stream in MESSAGES]


def test_the_job_gets_the_signing_key_but_not_the_operators_own() -> None:
    secrets = "".join(description.jwt_secrets(KEYS).values())
    assert KEYS.operator_signing_seed in secrets
    assert KEYS.operator_seed not in secrets
    assert KEYS.agent_signing_seed not in secrets


def test_a_registry_belongs_to_jwt_and_to_nothing_else() -> None:
    with pytest.raises(ValueError, match="belong to 'jwt'"):
        description.render(servers=["x"], auth="token", streams=MESSAGES, registry=REGISTRY, accounts=ACCOUNTS)
    with pytest.raises(ValueError, match="belong to 'jwt'"):
        description.render(servers=["x"], auth="jwt", streams=MESSAGES)


def test_differences_are_said_to_programs_and_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change("AINP_INTENTS", "storage", "memory", "file", "JetStream cannot change it; move the messages")
    planned = Plan(missing=[{"name": "AINP_RESULTS"}], changed=[({}, {}, [change])], unknown=["OTHER"])
    provision.report_plan(planned, check=True)
    output = capsys.readouterr()
    lines = [json.loads(line) for line in output.out.splitlines()]
    assert [(line["name"], line["action"]) for line in lines] == [
        ("AINP_RESULTS", "missing"), ("AINP_INTENTS", "refused"), ("OTHER", "unknown"),
    ]  # fmt: skip
    assert "move the messages" in output.err


def test_a_missing_description_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert provision.main(["--config", "/nonexistent/provision.json"]) == provision.FAILED
    assert "/nonexistent/provision.json" in capsys.readouterr().err

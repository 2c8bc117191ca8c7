"""The provision job against a real server: it repairs drift, refuses what must not change, and deletes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs import provision
from ops import agents
from tests.e2e.nats.server import NatsServer
from tests.e2e.nats.test_agents import added, may_connect

DAY = 86_400 * 10**9


async def api(server: NatsServer, subject: str, body: Any = None) -> dict[str, Any]:
    """Change the server behind the job's back, as an operator with the admin's credentials can."""
    async with server.admin() as client:
        message = await client.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=3)
    answer: dict[str, Any] = json.loads(message.data)
    assert "error" not in answer, answer
    return answer


async def change(server: NatsServer, name: str, **fields: Any) -> None:
    live = (await api(server, f"STREAM.INFO.{name}"))["config"]
    await api(server, f"STREAM.UPDATE.{name}", live | fields)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_second_run_changes_nothing(server: NatsServer) -> None:
    for arguments in ((), ("--check",)):
        done = server.provision(*arguments)
        assert (done.returncode, done.stdout) == (provision.DONE, ""), done.stderr


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("AINP_INTENTS", "max_age", DAY),
        ("AINP_RESULTS", "discard", "old"),
        ("AINP_NEGOTIATION", "republish", {"src": ">", "dest": "copy.>"}),
        ("AINP_DEAD_LETTERS", "max_bytes", 1024**2),
        ("AINP_INTENTS", "description", "changed"),
    ],
)
async def test_drift_is_found_and_repaired(server: NatsServer, name: str, field: str, value: Any) -> None:
    await change(server, name, **{field: value})
    found = server.provision("--check")
    assert found.returncode == provision.DRIFT, found.stderr
    (line,) = lines(found.stdout)
    assert (line["name"], line["field"], line["action"]) == (name, field, "differs")
    assert (await api(server, f"STREAM.INFO.{name}"))["config"][field] == value, "a check changes nothing"

    assert server.provision().returncode == provision.DONE
    assert server.provision("--check").returncode == provision.DONE


async def test_a_removed_stream_is_made_again(server: NatsServer) -> None:
    await api(server, "STREAM.DELETE.AINP_DEAD_LETTERS")
    found = server.provision("--check")
    assert found.returncode == provision.DRIFT
    assert lines(found.stdout) == [{"action": "missing", "kind": "stream", "name": "AINP_DEAD_LETTERS"}]
    assert server.provision().returncode == provision.DONE
    assert server.provision("--check").returncode == provision.DONE


async def test_an_incompatible_stream_is_refused_and_everything_is_left_as_it_was(server: NatsServer) -> None:
    await change(server, "AINP_RESULTS", max_age=DAY)
    live = (await api(server, "STREAM.INFO.AINP_DEAD_LETTERS"))["config"]
    await api(server, "STREAM.DELETE.AINP_DEAD_LETTERS")
    await api(server, "STREAM.CREATE.AINP_DEAD_LETTERS", live | {"retention": "workqueue", "discard": "new"})

    refused = server.provision()
    assert refused.returncode == provision.REFUSED
    assert "AINP_DEAD_LETTERS: retention is 'workqueue', should be 'limits'; refused:" in refused.stderr
    assert "restore" in refused.stderr
    kept = (await api(server, "STREAM.INFO.AINP_DEAD_LETTERS"))["config"]
    assert kept["retention"] == "workqueue"
    assert (await api(server, "STREAM.INFO.AINP_RESULTS"))["config"]["max_age"] == DAY, "no other change was made"

    await api(server, "STREAM.DELETE.AINP_DEAD_LETTERS")
    assert server.provision().returncode == provision.DONE, "control: without it the same run succeeds"


async def test_a_size_below_what_is_stored_is_refused(server: NatsServer) -> None:
    async with server.admin() as client:
        await client.jetstream().publish("ainp.agent.0192f0c1-2b3c-7d4e-8f50-61728394a5b6.intents", b"x" * 100_000)
    wanted = server.wanted()
    wanted["streams"][0]["max_bytes"] = 50_000
    refused = server.provision(wanted=wanted)
    assert refused.returncode == provision.REFUSED
    assert "max_bytes" in refused.stderr
    wanted["streams"][0]["max_bytes"] = 20_000_000
    assert server.provision(wanted=wanted).returncode == provision.DONE, "control: a smaller size that holds all"
    assert server.provision().returncode == provision.DONE


async def test_a_stream_that_nobody_described_is_reported_and_kept(server: NatsServer) -> None:
    await api(server, "STREAM.CREATE.OTHER", {"name": "OTHER", "subjects": ["other"], "max_bytes": 1024})
    done = server.provision()
    assert done.returncode == provision.DONE
    assert [(line["name"], line["action"]) for line in lines(done.stdout)] == [("OTHER", "unknown")]
    await api(server, "STREAM.INFO.OTHER")
    await api(server, "STREAM.DELETE.OTHER")


async def test_new_limits_reach_the_account_and_keep_every_revocation(server: NatsServer) -> None:
    (agent,) = await added(server, 1)
    await agents.revoke(server.access, agent.agent.name)
    grown = server.wanted(storage_gib=2)
    found = server.provision("--check", wanted=grown)
    assert found.returncode == provision.DRIFT
    assert {line["name"] for line in lines(found.stdout) if line["kind"] == "account"} == {"AINP", "CONTROL"}

    assert server.provision(wanted=grown).returncode == provision.DONE
    assert server.provision("--check", wanted=grown).returncode == provision.DONE
    assert not await may_connect(server, agent)
    assert (await api(server, "INFO"))["limits"]["max_storage"] == grown["accounts"][0]["nats"]["limits"][
        "disk_storage"
    ]

    assert server.provision().returncode == provision.DONE, "and back to smaller ones"
    assert server.provision("--check").returncode == provision.DONE
    assert not await may_connect(server, agent)


async def test_provisioning_enforces_a_revocation_that_was_interrupted(server: NatsServer) -> None:
    (agent,) = await added(server, 1)
    async with agents.open_agents(server.access) as manager:
        await manager._registry.mark_revoked(agent.agent, at="now")
    assert server.provision("--check").returncode == provision.DRIFT
    assert server.provision().returncode == provision.DONE
    assert not await may_connect(server, agent)


def test_a_server_that_does_not_answer_is_a_clear_error_after_the_time_given(server: NatsServer) -> None:
    wanted = server.wanted(servers=["tls://localhost:1"]) | {"wait_seconds": 1}
    failed = server.provision(wanted=wanted)
    assert failed.returncode == provision.FAILED
    assert "tls://localhost:1: no connection within 1 s" in failed.stderr
    assert "Traceback" not in failed.stderr

from __future__ import annotations

import json

import pytest

from jobs.registry import Agent
from ops import agents
from ops.agents import ListedAgent
from ops.errors import OperatorError

AGENT = Agent(name="planner", id="0192f0c1-2b3c-7d4e-8f50-61728394a5b6", public_key="UA", created_at="2026-11-01")


@pytest.mark.parametrize("name", ["a", "planner-1", "0", "x" * 63])
def test_a_dns_label_may_name_an_agent(name: str) -> None:
    assert agents.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a_b", "a b", "x" * 64, "*", ">", "a\n", "ä"])
def test_any_other_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(OperatorError, match="must be a DNS label") as refused:
        agents.checked_name(name)
    assert repr(name) in refused.value.what
    assert refused.value.remedy


def test_an_entry_is_read_back_as_it_was_written() -> None:
    assert Agent.from_bytes(AGENT.to_bytes()) == AGENT


@pytest.mark.parametrize(
    ("marked", "effective", "state"),
    [(set(), set(), "active"), ({"UA"}, {"UA"}, "revoked"), ({"UA"}, set(), "revoking"), (set(), {"UA"}, "revoked")],
)
def test_an_agent_is_revoked_only_when_every_server_refuses_it(
    marked: set[str], effective: set[str], state: str
) -> None:
    assert agents._state("UA", marked, effective) == state


def test_the_list_for_programs_holds_no_credentials() -> None:
    (row,) = json.loads(agents.as_json([ListedAgent(agent=AGENT, state="active")]))
    assert row == {
        "name": "planner", "id": AGENT.id, "public_key": "UA", "created_at": "2026-11-01", "state": "active",
    }  # fmt: skip

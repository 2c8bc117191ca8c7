from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.nats_identities import NatsIdentities
from jobs import account_claims, nats_jwt
from jobs.account_claims import FOREVER, ClaimsError, Signer, differs, merge, reconcile

KEYS = NatsIdentities.generate(issued_at=1_700_000_000)
SIGNER = nats_jwt.public_key(KEYS.operator_signing_seed)
DESIRED = KEYS.account_claims(message_disk_bytes=10**9, registry_disk_bytes=1)[0]

REVOCATIONS = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(min_value=1, max_value=2**31))


def live(revocations: dict[str, int] | None = None, **changes: Any) -> dict[str, Any]:
    claims = DESIRED | {"nats": DESIRED["nats"] | ({"revocations": revocations} if revocations else {})} | changes
    token = nats_jwt.encode(claims, signer_seed=KEYS.operator_signing_seed, issued_at=KEYS.issued_at)
    return nats_jwt.decode(token)


def test_claims_as_wanted_do_not_differ_whenever_they_were_issued() -> None:
    assert not differs(DESIRED, [live(), live() | {"iat": 5, "jti": "other"}], set(), signer=SIGNER)


def test_a_server_without_claims_differs() -> None:
    assert differs(DESIRED, [], set(), signer=SIGNER)


def test_one_server_with_other_limits_is_enough_to_differ() -> None:
    limits = DESIRED["nats"]["limits"] | {"disk_storage": 1}
    other = live() | {"nats": DESIRED["nats"] | {"limits": limits}}
    assert differs(DESIRED, [live(), other], set(), signer=SIGNER)


def test_claims_of_another_signer_differ() -> None:
    assert differs(DESIRED, [live() | {"iss": "OTHER"}], set(), signer=SIGNER)


def test_a_marked_revocation_that_one_server_lacks_differs() -> None:
    assert differs(DESIRED, [live({"A": 1}), live()], {"A"}, signer=SIGNER)
    assert not differs(DESIRED, [live({"A": 1}), live({"A": 2})], {"A"}, signer=SIGNER)


def test_a_revocation_that_only_one_server_knows_differs() -> None:
    assert differs(DESIRED, [live({"B": 1}), live()], set(), signer=SIGNER)


@given(st.lists(REVOCATIONS, max_size=3), st.sets(st.sampled_from("ABCDEF")))
def test_no_revocation_is_ever_lost_or_moved_back(found: list[dict[str, int]], marked: set[str]) -> None:
    merged = merge(DESIRED, [live(one) for one in found], marked)["nats"].get("revocations", {})
    assert set(merged) == marked.union(*found)
    for one in found:
        assert all(merged[key] >= at for key, at in one.items())
    assert all(merged[key] == FOREVER for key in marked)


def test_merging_changes_nothing_else() -> None:
    merged = merge(DESIRED, [live({"A": 1})], set())
    assert {k: v for k, v in merged["nats"].items() if k != "revocations"} == DESIRED["nats"]
    assert "revocations" not in DESIRED["nats"]


class Bus:
    """A registry and one server that keeps the last claims it was sent, as nats-server does."""

    def __init__(self) -> None:
        self.marks: set[str] = set()
        self.claims = live()
        self.issued_at = 0
        self.before_next_send: Callable[[], Awaitable[Any]] | None = None
        self.deaf = False

    async def revoked(self) -> set[str]:
        return set(self.marks)

    async def next_issued_at(self, *, at_least: int) -> int:
        self.issued_at = max(at_least, self.issued_at + 1)
        return self.issued_at

    async def live(self, system: Any, account: str) -> list[dict[str, Any]]:
        return [self.claims]

    async def send(self, signer: Signer, claims: dict[str, Any], issued_at: int) -> None:
        overtaken, self.before_next_send = self.before_next_send, None
        if overtaken:
            await overtaken()
        if not self.deaf:
            token = nats_jwt.encode(claims, signer_seed=signer.seed, issued_at=issued_at)
            self.claims = nats_jwt.decode(token)

    async def revoke(self, key: str) -> None:
        self.marks.add(key)
        signer: Any = Signer(system=self, seed=KEYS.operator_signing_seed)  # type: ignore[arg-type]
        registry: Any = self
        await reconcile(signer, registry, DESIRED, revocations=True)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    monkeypatch.setattr(account_claims, "live", made.live)
    monkeypatch.setattr(account_claims, "_send", made.send)
    return made


async def test_a_writer_that_was_overtaken_on_the_way_repeats_with_the_others_revocation(bus: Bus) -> None:
    bus.before_next_send = lambda: bus.revoke("B")  # B's version arrives first, A's older one after it
    await bus.revoke("A")
    assert set(bus.claims["nats"]["revocations"]) == {"A", "B"}


async def test_every_version_is_issued_later_than_the_one_it_replaces(bus: Bus) -> None:
    times = []
    for key in "ABC":
        await bus.revoke(key)
        times.append(bus.claims["iat"])
    assert times == sorted(set(times))


async def test_a_server_that_does_not_keep_claims_is_an_error_and_no_success(bus: Bus) -> None:
    bus.deaf = True
    with pytest.raises(ClaimsError, match="not the same on all servers"):
        await bus.revoke("A")

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.nats_identities import NatsIdentities
from jobs import nats_jwt
from jobs.account_claims import FOREVER, differs, merge

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

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import nkeys
import pytest

from config import nats_claims
from config.nats_identities import IdentityError, NatsIdentities
from jobs import nats_jwt

AGENT = "0192f0c1-2b3c-7d4e-8f50-61728394a5b6"
DISK = {"message_disk_bytes": 10**9, "registry_disk_bytes": 10**7}

KEYS = NatsIdentities.generate(issued_at=1_700_000_000)


def everything(keys: NatsIdentities) -> list[str]:
    return [
        keys.operator_jwt, *keys.account_jwts(**DISK).values(), keys.provision_creds, keys.registry_creds,
        keys.admin_creds, keys.system_creds,
        keys.agent_creds(agent=AGENT, user_seed=keys.admin_user_seed, issued_at=1_700_000_001),
    ]  # fmt: skip


def claims_of(creds: str) -> dict[str, Any]:
    return nats_jwt.decode(creds.splitlines()[1])


def test_what_was_kept_gives_the_same_tokens_byte_by_byte() -> None:
    again = NatsIdentities.from_json(KEYS.to_json())
    assert everything(again) == everything(KEYS)
    assert again.to_json() == KEYS.to_json()


def test_every_generation_has_keys_of_its_own() -> None:
    other = NatsIdentities.generate(issued_at=KEYS.issued_at)
    seeds = [value for keys in (KEYS, other) for value in dataclasses.asdict(keys).values() if isinstance(value, str)]
    assert len(set(seeds)) == len(seeds)


def test_no_seed_shows_in_a_representation() -> None:
    shown = repr(KEYS)
    assert "issued_at" in shown
    assert not any(str(value) in shown for name, value in dataclasses.asdict(KEYS).items() if name.endswith("_seed"))


@pytest.mark.parametrize("change", ["missing", "unknown", "role", "broken"])
def test_a_damaged_secret_is_refused_without_showing_it(change: str) -> None:
    kept = json.loads(KEYS.to_json())
    if change == "missing":
        del kept["operator_seed"]
    elif change == "unknown":
        kept["extra"] = "x"
    else:
        kept["operator_seed"] = KEYS.admin_user_seed if change == "role" else "SOBROKEN"
    with pytest.raises((IdentityError, nats_jwt.JwtError)) as refused:
        NatsIdentities.from_json(json.dumps(kept))
    assert KEYS.admin_user_seed not in str(refused.value)


def test_signatures_verify_with_the_issuers_key() -> None:
    for token in (KEYS.operator_jwt, *KEYS.account_jwts(**DISK).values()):
        signed, _, signature = token.rpartition(".")
        signer = KEYS.operator_seed if token == KEYS.operator_jwt else KEYS.operator_signing_seed
        pair = nkeys.from_seed(bytearray(signer, "ascii"))
        assert pair.verify(signed.encode(), base64.urlsafe_b64decode(signature + "=="))
        assert nats_jwt.decode(token)["iss"] == nats_jwt.public_key(signer)


def test_keys_and_jti_are_those_of_the_go_library() -> None:
    # From github.com/nats-io/jwt/v2 v2.8.2: NewOperatorClaims(key), Name = "ainp", encoded at this time.
    seed = nats_jwt.encode_seed("operator", bytes(range(32)))
    key = nats_jwt.public_key(seed)
    assert key == "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT"
    token = nats_jwt.encode({"name": "ainp", "sub": key, "nats": {}}, signer_seed=seed, issued_at=1_795_467_578)
    assert nats_jwt.decode(token)["jti"] == "Q26BWDLRZIPEXORPFLRRKOGSH2OY5XD5YDSCBHLSK7WFS2DH2ZIQ"


def test_an_agent_may_name_no_other_agent_except_to_send_to_it() -> None:
    template = nats_claims.agent_template()
    bound = [subject for subject in template["pub"]["allow"] if "{{name()}}" in subject]
    free = [subject for subject in template["pub"]["allow"] if "{{name()}}" not in subject]
    assert free == ["ainp.agent.*.intents", "ainp.agent.*.negotiation", "ainp.agent.*.results"]
    assert all("*" not in subject and ">" not in subject.removesuffix(".>") for subject in bound)
    assert template["sub"]["allow"] == ["_INBOX.{{name()}}.>"]


def test_an_agent_may_create_a_consumer_only_with_its_own_filter_in_the_subject() -> None:
    creating = [s for s in nats_claims.agent_template()["pub"]["allow"] if "CONSUMER" in s and "CREATE" in s]
    assert creating == [
        f"$JS.API.CONSUMER.CREATE.AINP_{kind.upper()}.{{{{name()}}}}.ainp.agent.{{{{name()}}}}.{kind}"
        for kind in ("intents", "negotiation", "results")
    ]


def test_an_agents_own_token_carries_no_permissions() -> None:
    creds = KEYS.agent_creds(agent=AGENT, user_seed=KEYS.admin_user_seed, issued_at=5)
    claims = claims_of(creds)
    assert claims["name"] == AGENT
    assert claims["iat"] == 5
    assert claims["nats"] == {"issuer_account": KEYS.ainp_account, "type": "user", "version": 2}
    assert claims["iss"] == nats_jwt.public_key(KEYS.agent_signing_seed)


def test_only_an_id_can_be_signed_as_an_agent() -> None:
    with pytest.raises(ValueError, match="lower-case UUID"):
        KEYS.agent_creds(agent=">", user_seed=KEYS.admin_user_seed, issued_at=5)


def test_each_account_has_the_storage_that_is_meant_for_it() -> None:
    ainp, control = KEYS.account_claims(**DISK)
    assert ainp["nats"]["limits"]["disk_storage"] == 10**9
    assert control["nats"]["limits"]["disk_storage"] == 10**7
    system = nats_jwt.decode(KEYS.account_jwts(**DISK)[KEYS.system_account])
    assert "disk_storage" not in system["nats"]["limits"]


def test_the_registrys_user_belongs_to_another_account_than_the_agents() -> None:
    assert claims_of(KEYS.registry_creds)["iss"] == KEYS.control_account
    assert claims_of(KEYS.provision_creds)["iss"] == KEYS.ainp_account

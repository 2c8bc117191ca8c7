from __future__ import annotations

from typing import Any

import jinja2
import pytest

from config import nats_conf
from config.nats_conf import NatsConfError
from config.nats_identities import NatsIdentities

KEYS = NatsIdentities.generate(issued_at=1_700_000_000)
JWT = {
    "auth": "jwt",
    "operator_jwt": KEYS.operator_jwt,
    "accounts": KEYS.account_jwts(message_disk_bytes=1, registry_disk_bytes=1),
}


def rendered(**changes: Any) -> str:
    values: dict[str, Any] = {
        "cluster": "dev", "peers": ["nats-0"], "storage_gib": 10, "memory_mib": 1024, "max_payload_kib": 256,
        "sync_interval": "always", **JWT,
    }  # fmt: skip
    return nats_conf.render(**(values | changes))


def test_a_single_server_has_no_cluster() -> None:
    assert "cluster {" not in rendered()


def test_every_server_of_a_cluster_gets_the_same_text_with_a_route_to_each() -> None:
    text = rendered(peers=["nats-0", "nats-1", "nats-2"])
    assert [line.strip() for line in text.splitlines() if "tls://" in line] == [
        f'"tls://nats-{n}:6222"' for n in range(3)
    ]
    assert "server_name: $HOSTNAME" in text
    assert "verify: true" in text
    assert "no_advertise: true" in text


def test_tls_is_asked_of_clients_routes_and_monitoring() -> None:
    text = rendered(peers=["a", "b", "c"])
    assert text.count('min_version: "1.3"') == 2
    assert 'https: "0.0.0.0:8222"' in text
    assert "http:" not in text


def test_nothing_secret_stands_in_the_file() -> None:
    text = rendered()
    seeds = [value for name, value in vars_of(KEYS).items() if name.endswith("_seed")]
    assert seeds
    assert not any(seed in text for seed in seeds)
    token = rendered(auth="token", operator_jwt="", accounts=None)
    assert "token:" not in token
    assert 'include "auth.conf"' in token
    assert nats_conf.token_auth("t" * 32).count("t" * 32) == 1


def vars_of(keys: NatsIdentities) -> dict[str, str]:
    return {name: getattr(keys, name) for name in keys.__slots__}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"peers": []}, "peers is empty"),
        ({"operator_jwt": ""}, "needs operator_jwt and accounts"),
        ({"accounts": None}, "needs operator_jwt and accounts"),
        ({"auth": "token"}, "excludes operator_jwt and accounts"),
    ],
)
def test_values_that_do_not_fit_are_refused(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(NatsConfError, match=rule):
        rendered(**changes)


@pytest.mark.parametrize("token", ["", "short", "x" * 31, "x" * 40 + '"', "x" * 40 + "\n"])
def test_a_token_that_could_be_guessed_or_break_out_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(NatsConfError, match="must be 32 or more") as refused:
        nats_conf.token_auth(token)
    assert not token or token not in str(refused.value)


def test_a_value_that_the_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        nats_conf._templates.from_string("{{ missing }}").render()

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SettingsError
from config.loader import parse
from config.settings import SIZES, defaults


@pytest.mark.parametrize("size", SIZES)
def test_a_size_alone_is_enough(size: str) -> None:
    assert parse("dev", {"size": size}).size == size


def test_one_field_can_be_overridden_and_the_rest_stays() -> None:
    settings = parse("dev", {"nats": {"storage_gib": 50}})
    assert settings.nats.storage_gib == 50
    assert settings.nats.memory_mib == 1024


def test_sizes_are_those_of_the_requirements() -> None:
    development, production = (parse("dev", {"size": size}).nats for size in SIZES)
    assert (development.memory_mib, development.cpus, development.retention_days) == (1024, 1.0, 7)
    assert (production.memory_mib, production.cpus, production.replicas) == (2048, 2.0, 3)


def test_settings_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse("dev", {}).nats.replicas = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("deviations", "path", "rule", "remedy"),
    [
        ({"nats": {"replica": 3}}, "ainp:nats.replica", "no such setting", "did you mean 'replicas'"),
        ({"bogus": 1}, "ainp:bogus", "no such setting", ""),
        ({"nats": {"replicas": "many"}}, "ainp:nats.replicas = 'many'", "valid integer", "1 (development)"),
        ({"nats": {"replicas": True}}, "ainp:nats.replicas = True", "valid integer", ""),
        ({"nats": {"replicas": 2}}, "ainp:nats.replicas = 2", "must be odd", "set 1, 3 or 5"),
        ({"nats": {"replicas": 0}}, "ainp:nats.replicas = 0", "greater than or equal to 1", ""),
        ({"nats": {"memory_mib": 64}}, "ainp:nats.memory_mib = 64", "greater than or equal to 128", "1024 MiB"),
        ({"nats": {"sync_interval": "soon"}}, "ainp:nats.sync_interval = 'soon'", "pattern", "'always'"),
        ({"nats": {"client_port": 80}}, "ainp:nats.client_port = 80", "greater than or equal to 1024", "4222"),
        ({"nats": 5}, "ainp:nats = 5", "dictionary", ""),
        ({"size": "huge"}, "ainp:size = 'huge'", "'development' or 'production'", ""),
        ({"network": {"cidr": "8.8.8.0/22"}}, "ainp:network.cidr", "private range", "10.201.0.0/22"),
        ({"network": {"cidr": "10.0.0.0/24"}}, "ainp:network.cidr", "must be a /22", ""),
        ({"network": {"cidr": "10.0.0.1/22"}}, "ainp:network.cidr", "host bits", ""),
        ({"images": {"references": {"nats": "nats:2"}}}, "ainp:images.references", "digest", "name@sha256"),
        ({"pki": {"renew_before_days": 400}}, "ainp:pki", "must be less than validity_days (365)", ""),
        ({"size": "production", "nats": {"auth": "token"}}, "nats.auth", "production needs 'jwt'", ""),
    ],
)  # fmt: skip
def test_a_refusal_says_where_what_which_rule_and_what_to_do(
    deviations: dict[str, Any], path: str, rule: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        parse("dev", deviations)
    (line,) = refused.value.lines
    assert line.startswith((path, f"ainp: {path}"))
    assert rule in line
    assert remedy in line
    assert "docs/settings.md" in str(refused.value)


def test_every_refusal_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        parse("dev", {"nats": {"replicas": 2, "memory_mib": 1}, "bogus": 1})
    assert len(refused.value.lines) == 3


@pytest.mark.parametrize("name", ["Dev", "a_b", "-dev", "dev-", "1dev", "", "x" * 31, "dev.eu"])
def test_a_stack_name_that_is_no_dns_label_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="must be a DNS label"):
        parse(name, {})


@pytest.mark.parametrize("name", ["dev", "a", "eu-west-1", "x" * 30])
def test_a_dns_label_is_a_stack_name(name: str) -> None:
    assert parse(name, {})


@given(st.integers())
def test_replicas_are_odd_between_one_and_five_or_refused(replicas: int) -> None:
    allowed = replicas in {1, 3, 5}
    try:
        assert parse("dev", {"nats": {"replicas": replicas}}).nats.replicas == replicas
        assert allowed
    except SettingsError:
        assert not allowed


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_whatever_stands_in_the_file_is_accepted_or_explained(value: Any) -> None:
    for deviations in ({"nats": value}, {"nats": {"memory_mib": value}}, {"network": {"cidr": value}}, {"size": value}):
        with contextlib.suppress(SettingsError):
            parse("dev", deviations)


def test_defaults_of_a_size_are_a_copy_of_their_own() -> None:
    defaults("development")["nats"]["replicas"] = 99
    assert parse("dev", {}).nats.replicas == 1

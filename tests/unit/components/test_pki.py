from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pulumi
from hypothesis import given
from hypothesis import strategies as st

from components import pki
from components.pki import CertificateAuthority, renewal_period
from config.loader import parse
from tests.unit.components.recorder import Recorder, is_secret, record

DAY = timedelta(days=1)
SPAN = timedelta(days=14 * 365)
moments = st.timedeltas(timedelta(0), SPAN).map(lambda later: datetime(2026, 1, 1, tzinfo=UTC) + later)


def issue(hosts: list[str]) -> Recorder:
    def program() -> None:
        parent = pulumi.ComponentResource("ainp:index:Test", "test")
        CertificateAuthority("authority", parse("dev", {}).pki).issue("nats", hosts, parent=parent)

    return record(program)


@given(moments, st.integers(2, 400), st.data())
def test_a_certificate_is_replaced_while_it_is_still_valid_for_the_renewal_window(
    made: datetime, validity: int, data: st.DataObject
) -> None:
    window = data.draw(st.integers(1, validity - 1))
    expires = made + validity * DAY
    about_to_expire = expires - window * DAY
    assert renewal_period(made, validity * DAY, window * DAY) < renewal_period(
        about_to_expire, validity * DAY, window * DAY
    )


@given(moments)
def test_a_certificate_made_a_moment_ago_is_not_replaced_but_at_the_turn_of_a_period(made: datetime) -> None:
    changes = sum(
        renewal_period(made + n * DAY, 365 * DAY, 90 * DAY) != renewal_period(made + (n + 1) * DAY, 365 * DAY, 90 * DAY)
        for n in range(365)
    )
    assert changes in {1, 2}


def test_private_keys_are_secret_and_the_cas_certificate_is_not() -> None:
    stashes = issue(["nats"]).of_type("pulumi:index:Stash")
    assert set(stashes) == {"authority-ca", "nats-certificate"}
    assert all(is_secret(inputs["input"]) for inputs in stashes.values())


def test_files_of_a_service_are_its_certificate_its_key_and_the_ca() -> None:
    made: dict[str, object] = {}

    def program() -> None:
        parent = pulumi.ComponentResource("ainp:index:Test", "test")
        made.update(CertificateAuthority("authority", parse("dev", {}).pki).issue("nats", ["nats"], parent=parent))

    record(program)
    assert set(made) == {pki.CERTIFICATE_FILE, pki.PRIVATE_KEY_FILE, pki.CA_FILE}

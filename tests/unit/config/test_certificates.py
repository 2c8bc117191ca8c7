from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from config.certificates import KeyPair, issue, make_authority

NOW = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
NAMES = ["nats", "ainp-dev-nats-1", "127.0.0.1"]


@pytest.fixture(scope="module")
def authority() -> KeyPair:
    return make_authority("dev", now=NOW, validity=10 * YEAR)


def parsed(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.encode())


def verify(pair: KeyPair, authority: KeyPair, name: x509.GeneralName, at: datetime) -> None:
    assert isinstance(name, x509.DNSName | x509.IPAddress)
    builder = PolicyBuilder().store(Store([parsed(authority)])).time(at)
    builder.build_server_verifier(name).verify(parsed(pair), [])


def test_a_certificate_verifies_for_every_name_it_was_issued_for(authority: KeyPair) -> None:
    pair = issue(authority, NAMES, now=NOW, validity=YEAR)
    for name in (x509.DNSName("nats"), x509.DNSName("ainp-dev-nats-1"), x509.IPAddress(ip_address("127.0.0.1"))):
        verify(pair, authority, name, NOW + timedelta(days=1))


def test_a_certificate_does_not_verify_for_another_name_or_later_or_under_another_ca(authority: KeyPair) -> None:
    pair = issue(authority, NAMES, now=NOW, validity=YEAR)
    with pytest.raises(VerificationError):
        verify(pair, authority, x509.DNSName("evil.example"), NOW)
    with pytest.raises(VerificationError):
        verify(pair, authority, x509.DNSName("nats"), NOW + YEAR + timedelta(days=1))
    with pytest.raises(VerificationError):
        verify(pair, make_authority("dev", now=NOW, validity=YEAR), x509.DNSName("nats"), NOW)


def test_a_certificate_serves_and_connects(authority: KeyPair) -> None:
    usage = parsed(issue(authority, NAMES, now=NOW, validity=YEAR)).extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    assert set(usage.value) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_a_certificate_never_outlives_its_authority() -> None:
    short = make_authority("dev", now=NOW, validity=timedelta(days=10))
    assert parsed(issue(short, NAMES, now=NOW, validity=YEAR)).not_valid_after_utc == NOW + timedelta(days=10)


def test_keys_are_on_curve_p256(authority: KeyPair) -> None:
    for pair in (authority, issue(authority, NAMES, now=NOW, validity=YEAR)):
        key = parsed(pair).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)


def test_the_authority_cannot_make_further_authorities(authority: KeyPair) -> None:
    constraints = parsed(authority).extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_a_pair_survives_being_kept_as_text(authority: KeyPair) -> None:
    assert KeyPair.from_json(authority.to_json()) == authority

"""The stack's own certificate authority and the certificates that it issues.

Made once and kept in the state. The trigger of a certificate is a hash of all that it depends on: names, CA,
validity, rotation counter and renewal period. So scaling from 1 to 3 re-issues it, an untouched stack previews
empty, and one that is about to expire is re-issued by the next update. Revocation lists are left out: the way to
withdraw a certificate is `pki.rotation`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pulumi
from pulumi import Output, ResourceOptions

from components import credentials
from config.certificates import KeyPair, issue, make_authority
from config.settings import PkiSettings

TLS_FOLDER = "/etc/ainp/tls"
CERTIFICATE_FILE = f"{TLS_FOLDER}/tls.crt"
PRIVATE_KEY_FILE = f"{TLS_FOLDER}/tls.key"
CA_FILE = f"{TLS_FOLDER}/ca.crt"


class CertificateAuthority(pulumi.ComponentResource):
    """The CA of one stack; its private key never leaves the state."""

    certificate: Output[str]
    """PEM text that clients verify against; not a secret."""

    def __init__(self, name: str, settings: PkiSettings, opts: ResourceOptions | None = None) -> None:
        super().__init__("ainp:index:CertificateAuthority", name, None, opts)
        self._settings = settings
        self._now = datetime.now(UTC)
        validity = timedelta(days=settings.ca_validity_days)
        self._pair = credentials.keep(
            f"{name}-ca",
            make_authority(pulumi.get_stack(), now=self._now, validity=validity).to_json(),
            trigger=_hash(
                settings.ca_validity_days,
                settings.rotation,
                renewal_period(self._now, validity, timedelta(days=settings.ca_renew_before_days)),
            ),
            parent=self,
        )
        self.certificate = Output.unsecret(self._pair.apply(lambda text: KeyPair.from_json(text).certificate))
        self.register_outputs({"certificate": self.certificate})

    def issue(self, name: str, hosts: Sequence[str], *, parent: pulumi.Resource) -> dict[str, Output[str]]:
        """Return the secret files (path -> PEM) of a service that answers to `hosts`: certificate, key and CA."""
        validity = timedelta(days=self._settings.validity_days)
        period = renewal_period(self._now, validity, timedelta(days=self._settings.renew_before_days))
        pair = credentials.keep(
            f"{name}-certificate",
            self._pair.apply(
                lambda ca: issue(KeyPair.from_json(ca), hosts, now=self._now, validity=validity).to_json()
            ),
            trigger=self.certificate.apply(
                lambda ca: _hash(list(hosts), ca, self._settings.validity_days, self._settings.rotation, period)
            ),
            parent=parent,
        )
        return {
            CERTIFICATE_FILE: pair.apply(lambda text: KeyPair.from_json(text).certificate),
            PRIVATE_KEY_FILE: pair.apply(lambda text: KeyPair.from_json(text).private_key),
            CA_FILE: self.certificate,
        }


def renewal_period(now: datetime, validity: timedelta, renew_before: timedelta) -> int:
    """Return the number of the renewal period that `now` lies in.

    Periods are `validity - renew_before` long. A certificate is replaced by the first update of the next period, so
    it then still has `renew_before` left at least, whenever in its period it was made.
    """
    return int(now.timestamp() // (validity - renew_before).total_seconds())


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

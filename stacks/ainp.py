"""The composition root: wires every component of a stack to its platform and to one another."""

from __future__ import annotations

from typing import Any

from pulumi import Output

from components.nats import SERVICE as NATS
from components.nats import NatsCluster
from components.pki import CertificateAuthority
from components.workload import Platform
from config.settings import Settings


def build(settings: Settings, platform: Platform) -> dict[str, Any]:
    """Declare the stack and return its outputs; secrets among them stay secret."""
    authority = CertificateAuthority("authority", settings.pki)
    nats = NatsCluster("nats", settings.nats, platform, authority)
    return {
        "ca_certificate": authority.certificate,
        "endpoints": {NATS: dict(nats.endpoints)},
        "nats_auth": settings.nats.auth,
        "nats_identities": Output.secret(nats.identities),
        "nats_token": Output.secret(nats.token),
    }

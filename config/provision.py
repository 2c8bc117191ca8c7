"""What the provision job is given: one file that says what is wanted, and the names of its secret files.

The job runs in a container that has nothing of this package, so the file is plain JSON. What it does with it is
`jobs.provision`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from config import subjects
from config.nats_identities import NatsIdentities
from config.streams import Stream

FOLDER = "/etc/ainp"
CONFIG_FILE = f"{FOLDER}/provision.json"
CA_FILE = f"{FOLDER}/tls/ca.crt"
COMMAND = ("python3", "-m", "jobs.provision")
CHECK = "--check"
"""Compare only, and fail on a difference."""
WAIT_SECONDS = 60
"""How long the job waits for the servers, which are healthy before it starts."""


def render(
    *,
    servers: Sequence[str],
    auth: Literal["jwt", "token"],
    streams: Sequence[Stream],
    registry: Stream | None = None,
    accounts: Sequence[dict[str, Any]] = (),
) -> str:
    """Return the text of provision.json; it holds nothing secret.

    Args:
        servers: URLs of the servers, such as `tls://host:4222`.
        auth: as the servers are configured.
        streams: what account AINP holds.
        registry: the bucket of agents (`jwt` only).
        accounts: claims as wanted, of AINP first (`NatsIdentities.account_claims`; `jwt` only).
    """
    if (auth == "jwt") != (registry is not None and bool(accounts)):
        raise ValueError(f"provision: auth {auth!r}: registry and accounts belong to 'jwt', and to nothing else")
    wanted = {
        "servers": list(servers),
        "auth": auth,
        "wait_seconds": WAIT_SECONDS,
        "bucket": subjects.AGENTS_BUCKET,
        "streams": [stream.to_api() for stream in streams],
        "registry": registry.to_api() if registry else None,
        "accounts": list(accounts),
    }
    return json.dumps(wanted, indent=2, sort_keys=True) + "\n"


JWT_SECRETS: dict[str, Callable[[NatsIdentities], str]] = {
    f"{FOLDER}/provision.creds": lambda identities: identities.provision_creds,
    f"{FOLDER}/registry.creds": lambda identities: identities.registry_creds,
    f"{FOLDER}/system.creds": lambda identities: identities.system_creds,
    f"{FOLDER}/operator-signing.seed": lambda identities: identities.operator_signing_seed,
}
"""The job's secret files for `jwt`: path -> what stands in it. Paths are known before the identities are."""


def jwt_secrets(identities: NatsIdentities) -> dict[str, str]:
    """Return the job's secret files, path -> text, for `jwt`."""
    return {path: read(identities) for path, read in JWT_SECRETS.items()}


def token_secrets(token: str) -> dict[str, str]:
    """Return the job's secret files, path -> text, for `token`."""
    return {f"{FOLDER}/token": token}

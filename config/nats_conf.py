"""The configuration file of a NATS server, rendered from plain values; it holds nothing secret.

Every server of a cluster gets the same text: what differs is `$HOSTNAME`, which Docker and Kubernetes both set and the
server reads itself. TLS is required of clients, routes and monitoring. In `jwt` mode the file holds the operator's and
the accounts' tokens, which carry public keys only; in `token` mode the token stands in a second file that this one
includes (`token_auth`).

What is left out: the Go memory limit, which only the environment sets (`GOMEMLIMIT`), and the streams
(`config.streams`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

CLIENT_PORT = 4222
ROUTE_PORT = 6222
MONITORING_PORT = 8222

CONFIG_FILE = "/etc/ainp/nats.conf"
TOKEN_FILE = "/etc/ainp/auth.conf"  # noqa: S105  # a path
TLS_DIR = "/etc/ainp/tls"
"""Holds tls.crt, tls.key and ca.crt."""
DATA_DIR = "/data/jetstream"
JWT_DIR = "/data/jwt"

LAME_DUCK_SECONDS = 30
"""Time over which a server that stops sends its clients away; 30 s is the server's minimum."""
LAME_DUCK_GRACE_SECONDS = 5
"""Wait before that, in which the leaders of streams move to other servers."""
STOP_GRACE_SECONDS = LAME_DUCK_SECONDS + LAME_DUCK_GRACE_SECONDS + 10
"""What a platform must allow a server for stopping."""

RESOLVER_SYNC_SECONDS = 10
"""How often servers compare their accounts, so that one that missed a revocation catches up (default 60)."""

MAX_PENDING_MIB = 16
"""Default 64 MiB for each client; four slow readers would fill a server of 256 MiB."""

_MIN_MEMORY_STORE_MIB = 16
_MEMORY_STORE_SHARE = 8
"""Part of the memory for streams in memory, of which there are none: only consumers with `mem_storage` count."""

_TOKEN_CHARACTERS = re.compile(r"[A-Za-z0-9_-]{32,}")

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # the result is no markup
)


class NatsConfError(ValueError):
    """Values that give no working configuration."""


def render(
    *,
    cluster: str,
    peers: Sequence[str],
    auth: Literal["jwt", "token"],
    storage_gib: int,
    memory_mib: int,
    max_payload_kib: int,
    sync_interval: str,
    operator_jwt: str = "",
    accounts: Mapping[str, str] | None = None,
    client_port: int = CLIENT_PORT,
    route_port: int = ROUTE_PORT,
    monitoring_port: int = MONITORING_PORT,
) -> str:
    """Return the text of nats.conf.

    Args:
        cluster: name of the cluster; servers of another name are refused as routes.
        peers: host names of all servers, this one included; a single one runs without a cluster.
        auth: `jwt` for operator mode, `token` for one shared secret.
        storage_gib: disk for streams on each server.
        memory_mib: memory limit of each server.
        max_payload_kib: largest message.
        sync_interval: `always`, or how often files are flushed, such as `2m`.
        operator_jwt: token of the operator (`jwt` only).
        accounts: token of each account by its public key, `SYS` included (`jwt` only).
        client_port: port for clients.
        route_port: port for the other servers.
        monitoring_port: port for monitoring, with TLS.

    Raises:
        NatsConfError: values that do not fit each other.
    """
    if not peers:
        raise NatsConfError("nats.conf: peers is empty; must hold the host name of every server")
    if auth == "jwt" and not (operator_jwt and accounts):
        raise NatsConfError("nats.conf: auth 'jwt' needs operator_jwt and accounts; pass both, or use auth 'token'")
    if auth == "token" and (operator_jwt or accounts):
        raise NatsConfError("nats.conf: auth 'token' excludes operator_jwt and accounts; leave them out")
    return _templates.get_template("nats.conf.j2").render(
        cluster=cluster,
        peers=list(peers),
        auth=auth,
        auth_file=Path(TOKEN_FILE).name,
        storage_gib=storage_gib,
        max_memory_mib=max(_MIN_MEMORY_STORE_MIB, memory_mib // _MEMORY_STORE_SHARE),
        max_pending_mib=MAX_PENDING_MIB,
        max_payload_kib=max_payload_kib,
        sync_interval=sync_interval,
        operator_jwt=operator_jwt,
        accounts=dict(accounts or {}),
        client_port=client_port,
        route_port=route_port,
        monitoring_port=monitoring_port,
        tls_dir=TLS_DIR,
        data_dir=DATA_DIR,
        jwt_dir=JWT_DIR,
        lame_duck_seconds=LAME_DUCK_SECONDS,
        lame_duck_grace_seconds=LAME_DUCK_GRACE_SECONDS,
        resolver_sync_seconds=RESOLVER_SYNC_SECONDS,
    )


def token_auth(token: str) -> str:
    """Return the text of the secret file that nats.conf includes in `token` mode.

    Raises:
        NatsConfError: the token could be guessed or would need quoting; it is not shown.
    """
    if not _TOKEN_CHARACTERS.fullmatch(token):
        raise NatsConfError(
            f"nats token of {len(token)} characters: must be 32 or more letters, digits, '-' or '_'; "
            "make one with secrets.token_urlsafe(32)"
        )
    return f'authorization {{\n  token: "{token}"\n  timeout: 5\n}}\n'

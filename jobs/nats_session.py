"""Connections to NATS for jobs and commands: verified TLS, a bound on waiting, and errors that say what to do.

Servers may still be starting, so a refused connection is tried again until the time is up. A wrong certificate or
wrong credentials do not heal by waiting and fail at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import nats
from nats.aio.client import Client, RawCredentials

logging.getLogger("asyncio").setLevel(logging.ERROR)
"""nats-py ends every TLS connection in a way that asyncio warns about, which says nothing to the operator."""

RETRY_SECONDS = 0.5
CONNECT_TIMEOUT_SECONDS = 3
REQUEST_TIMEOUT_SECONDS = 5
SETTLE_SECONDS = 30
"""How long a cluster may take to elect a leader; measured below 6 s on three servers that start together."""
_PASSING = {10008, 10005, 10039}
"""JetStream's errors for no leader yet, too few servers yet, and an account that a server has not set up yet
(nats-server, errors.json); the last was seen on a cluster that had just formed."""
QUIET_SECONDS = 0.3
"""When no further server has answered for so long, all have (a round trip inside a cluster is some milliseconds)."""


class SessionError(RuntimeError):
    """No connection, or no usable answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who connects. One of `creds` and `token` is set."""

    user: str
    """Also the inbox prefix that the user's permissions allow."""
    creds: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@contextlib.asynccontextmanager
async def connected(
    servers: Sequence[str], ca_file: str, login: Login, *, wait_seconds: float
) -> AsyncIterator[Client]:
    """Connect, trying one server after the other for `wait_seconds`, and close at the end.

    Raises:
        SessionError: no server could be reached in time, or one refused the login or has another CA.
    """
    client = await _connect(servers, ca_file, login, wait_seconds)
    try:
        yield client
    finally:
        await client.close()


async def request_json(client: Client, subject: str, body: Any = None) -> dict[str, Any]:
    """Send a request and return the answer as an object; an error in it is left to the caller.

    A cluster without a leader, or not yet with enough servers, gets some time first.

    Raises:
        SessionError: no answer in time, or one that is no object.
    """
    payload = b"" if body is None else json.dumps(body).encode()
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            answer = json.loads((await client.request(subject, payload, timeout=REQUEST_TIMEOUT_SECONDS)).data)
        except nats.errors.Error as error:
            if not isinstance(error, nats.errors.NoRespondersError) or time.monotonic() >= deadline:
                raise SessionError(f"{subject}: {error}; is JetStream up on every server (`ainp status`)?") from error
        else:
            if not isinstance(answer, dict):
                raise SessionError(f"{subject}: the answer is no object: {answer!r}")
            if answer.get("error", {}).get("err_code") not in _PASSING or time.monotonic() >= deadline:
                return answer
        await asyncio.sleep(RETRY_SECONDS)


async def request_all(client: Client, subject: str, payload: bytes) -> list[bytes]:
    """Send a request and return the answers of all servers, which is at least one.

    Raises:
        SessionError: no server answered in time.
    """
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    try:
        await client.publish(subject, payload, reply=inbox)
        answers: list[bytes] = []
        timeout = float(REQUEST_TIMEOUT_SECONDS)
        while True:
            try:
                answers.append((await subscription.next_msg(timeout)).data)
            except nats.errors.TimeoutError as error:
                if answers:
                    return answers
                raise SessionError(f"{subject}: no server answered within {timeout:g} s") from error
            timeout = QUIET_SECONDS
    finally:
        await subscription.unsubscribe()


async def _connect(servers: Sequence[str], ca_file: str, login: Login, wait_seconds: float) -> Client:
    deadline = time.monotonic() + wait_seconds
    context = _tls(ca_file)
    for server in itertools.cycle(servers):
        try:
            return await _attempt(server, context, login)
        except ssl.SSLCertVerificationError as error:
            raise SessionError(
                f"{server}: certificate not accepted with {ca_file}: {error.verify_message}; "
                "the CA file must be that of this stack"
            ) from error
        except (TimeoutError, OSError, nats.errors.Error) as error:
            if "authorization" in str(error).lower():
                raise SessionError(
                    f"{server}: user {login.user!r} was refused: {error}; its keys must be those the servers run with"
                ) from error
            if time.monotonic() >= deadline:
                raise SessionError(
                    f"{', '.join(servers)}: no connection within {wait_seconds:g} s; the last attempt ended with "
                    f"{type(error).__name__}: {error}; are the servers healthy (`ainp status`)?"
                ) from error
        await asyncio.sleep(RETRY_SECONDS)
    raise SessionError("no servers given; must be one URL or more")


async def _attempt(server: str, context: ssl.SSLContext, login: Login) -> Client:
    """Connect once. nats-py would repeat by itself and hide the reason, so its first error is raised instead."""
    causes: list[Exception] = []

    async def keep(error: Exception) -> None:
        causes.append(error)

    try:
        return await nats.connect(
            server,
            name=f"ainp {login.user}",
            tls=context,
            user_credentials=RawCredentials(login.creds) if login.creds else None,
            token=login.token or None,
            inbox_prefix=f"_INBOX.{login.user}",
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            error_cb=keep,
        )
    except nats.errors.NoServersError as error:
        raise (causes[0] if causes else error) from error


def _tls(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SessionError(f"CA file {ca_file}: cannot be read as certificates: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context

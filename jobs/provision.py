"""Bring NATS to what the settings say: streams, the registry of agents, and the accounts' claims.

``python3 -m jobs.provision [--check] [--config FILE]``. It may run at any time and any number of times: it compares
first, changes what JetStream may change, refuses the rest before anything was changed, and never deletes. With
`--check` it only compares.

Standard output gets one JSON object for each difference, standard error the same for people.
Exit codes: 0 all as wanted (now), 1 no connection or a request was refused, 2 a difference that must not be changed,
3 with `--check`: differences.

What is left out: users. The platform's own are signed when it is described, agents by `ops.agents`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from jobs import account_claims, nats_jwt, stream_reconcile
from jobs.account_claims import ClaimsError, Signer
from jobs.nats_session import Login, SessionError, connected
from jobs.registry import Registry
from jobs.stream_reconcile import Plan, StreamError

CONFIG_FILE = Path("/etc/ainp/provision.json")

DONE, FAILED, REFUSED, DRIFT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a run; those to the other accounts exist in `jwt` mode only."""

    streams: Client
    registry: Client | None = None
    signer: Signer | None = None


def report(kind: str, name: str, action: str, text: str, **details: Any) -> None:
    """Say what was found or done, for programs and for people."""
    print(json.dumps({"kind": kind, "name": name, "action": action, **details}, sort_keys=True), flush=True)
    print(f"{action:>9}  {text}", file=sys.stderr, flush=True)


def report_plan(planned: Plan, *, check: bool) -> None:
    """Say how the streams differ from what is wanted."""
    for wanted in planned.missing:
        report("stream", wanted["name"], "missing" if check else "create", f"stream {wanted['name']} does not exist")
    for change in planned.changes:
        action = "refused" if change.refusal else ("differs" if check else "update")
        report(
            "stream", change.stream, action, f"stream {change}",
            field=change.field, live=change.live, desired=change.desired, reason=change.refusal,
        )  # fmt: skip
    for name in planned.unknown:
        report("stream", name, "unknown", f"stream {name} is described nowhere; it is left as it is")


async def provision(connections: Connections, wanted: dict[str, Any], *, check: bool) -> int:
    """Compare, and unless `check`, change; return the exit code."""
    plans = [(connections.streams, await stream_reconcile.plan(connections.streams, wanted["streams"]))]
    if connections.registry:
        plans.append((connections.registry, await stream_reconcile.plan(connections.registry, [wanted["registry"]])))
    for _, planned in plans:
        report_plan(planned, check=check)
    if any(planned.refused for _, planned in plans):
        return REFUSED
    differs = any(planned.missing or planned.changes for _, planned in plans)

    if check:
        return DRIFT if await _check_accounts(connections, wanted, plans) or differs else DONE

    # An account's storage must be raised before its streams grow, and lowered after they shrink.
    for client, planned in plans:
        await stream_reconcile.apply(client, planned.shrinking())
    if connections.registry and connections.signer:
        # The order of claims is kept in the registry, so its bucket comes before them.
        for missing in plans[1][1].missing:
            await stream_reconcile.create(connections.registry, missing)
        plans[1][1].missing.clear()
        registry = await Registry.open(connections.registry, wanted["bucket"])
        for number, claims in enumerate(wanted["accounts"]):
            if await account_claims.reconcile(connections.signer, registry, claims, revocations=number == 0):
                report("account", claims["name"], "update", f"account {claims['name']}: claims updated on all servers")
    for client, planned in plans:
        await stream_reconcile.apply(client, planned)
    return DONE


async def _check_accounts(connections: Connections, wanted: dict[str, Any], plans: list[tuple[Client, Plan]]) -> bool:
    """Report accounts whose claims differ; without a registry nothing is known of revocations."""
    if not (connections.registry and connections.signer):
        return False
    revoked: set[str] = set()
    if not plans[1][1].missing:
        revoked = await (await Registry.open(connections.registry, wanted["bucket"])).revoked()
    key = nats_jwt.public_key(connections.signer.seed)
    found = False
    for number, claims in enumerate(wanted["accounts"]):
        live = await account_claims.live(connections.signer.system, claims["sub"])
        if account_claims.differs(claims, live, revoked if number == 0 else set(), signer=key):
            report("account", claims["name"], "differs", f"account {claims['name']}: claims differ from the settings")
            found = True
    return found


async def run(config: Path, *, check: bool) -> int:
    """Read what is wanted, connect, and provision."""
    wanted = json.loads(config.read_text())
    folder = config.parent

    async with AsyncExitStack() as stack:

        async def connect(login: Login) -> Client:
            ca_file = str(folder / "tls" / "ca.crt")
            return await stack.enter_async_context(
                connected(wanted["servers"], ca_file, login, wait_seconds=wanted["wait_seconds"])
            )

        if wanted["auth"] == "token":
            token = (folder / "token").read_text().strip()
            connections = Connections(await connect(Login(user="provision", token=token)))
        else:
            users = ("provision", "registry", "system")
            logins = [Login(user=user, creds=(folder / f"{user}.creds").read_text()) for user in users]
            streams, registry, system = [await connect(login) for login in logins]
            seed = (folder / "operator-signing.seed").read_text().strip()
            connections = Connections(streams, registry, Signer(system=system, seed=seed))
        return await provision(connections, wanted, check=check)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job and return its exit code."""
    parser = argparse.ArgumentParser(prog="provision", description="Bring NATS to what the settings say.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 3 if something differs")
    parser.add_argument("--config", type=Path, default=CONFIG_FILE, help="what is wanted (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        code = asyncio.run(run(options.config, check=options.check))
    except (SessionError, StreamError, ClaimsError, OSError) as error:
        print(f"provision: {error}", file=sys.stderr)
        return FAILED
    outcome = {DONE: "as wanted", REFUSED: "refused, nothing was changed", DRIFT: "differs from the settings"}[code]
    print(f"provision: {outcome}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

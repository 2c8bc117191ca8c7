"""How the operator's tools reach the NATS of a running stack: address, CA, keys, all read from the stack's outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from config.nats_identities import NatsIdentities
from ops import environment
from ops.agents import NatsAccess
from ops.engine import Engine
from ops.errors import OperatorError
from ops.stack import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsSecrets:
    """What a NATS client presents: the keys with `auth: jwt`, the token with `auth: token`."""

    ca_certificate: str
    identities: NatsIdentities | None = field(repr=False)
    token: str = field(repr=False)


def nats_access(stack: Stack) -> NatsAccess:
    """Return how agents' commands reach the stack's NATS from this machine.

    Raises:
        OperatorError: the stack is not up, or has one token for all instead of a user for every agent.
    """
    outputs = _outputs(stack)
    secrets = _secrets(outputs)
    if secrets.identities is None:
        raise OperatorError(
            f"stack {stack.name}: ainp:nats.auth = 'token' knows no agents, every client shares one secret",
            remedy=f"`pulumi config set --path 'ainp:nats.auth' jwt --stack {stack.name}`, then `ainp up`",
        )
    variables = environment.client_variables(stack, outputs)
    return NatsAccess(url=variables[environment.NATS_URL], ca_file=str(stack.ca_file), identities=secrets.identities)


def nats_secrets(stack: Stack) -> NatsSecrets:
    """Return what a client inside the stack's network needs.

    Raises:
        OperatorError: the stack is not up.
    """
    return _secrets(_outputs(stack))


def _outputs(stack: Stack) -> dict[str, Any]:
    outputs = Engine(stack).outputs(show_secrets=True)
    if "nats_auth" not in outputs or "nats" not in outputs.get("endpoints", {}):
        raise OperatorError(f"stack {stack.name}: is not up", remedy=f"run `ainp up --stack {stack.name}`")
    return outputs


def _secrets(outputs: dict[str, Any]) -> NatsSecrets:
    kept = outputs.get("nats_identities")
    # JSON text; an engine may also print the value that such a text stands for
    text = kept if isinstance(kept, str) else environment.as_json(kept)
    return NatsSecrets(
        ca_certificate=outputs["ca_certificate"],
        identities=NatsIdentities.from_json(text) if outputs["nats_auth"] == "jwt" else None,
        token=outputs.get("nats_token") or "",
    )

"""The environment in which pulumi and the clients of a stack run: what `ainp env` prints and `ainp` itself uses.

The same variables in both places, so that plain `pulumi preview` does exactly what `ainp` does.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from ops import passphrase
from ops.stack import VARIABLE, Stack
from toolchain.environment import tool_environment

BACKEND = "PULUMI_BACKEND_URL"
WITHOUT_SIDECARS = "metadata=skip"
"""Of a file backend: no second file beside each, which is written in place, so that a kill leaves it unreadable and
the state with it. The files themselves are replaced in one step."""
NATS_URL = "NATS_URL"
NATS_TOKEN = "NATS_TOKEN"  # noqa: S105 - the name of a variable
CA_FILE = "AINP_CA_FILE"
OWNER_ONLY = 0o600


def engine_variables(stack: Stack) -> dict[str, str]:
    """Return what pulumi needs for `stack`: tools, backend, passphrase. Creates the folders of a first run.

    Raises:
        OperatorError: the passphrase is not known.
    """
    stack.make_folders()
    found = dict(tool_environment())
    if BACKEND not in os.environ:
        found[BACKEND] = f"{stack.backend_folder.as_uri()}?{WITHOUT_SIDECARS}"
    found |= passphrase.variables(stack)
    found["PULUMI_SKIP_UPDATE_CHECK"] = "1"
    found[VARIABLE] = stack.name
    return found


def client_variables(stack: Stack, outputs: Mapping[str, object]) -> dict[str, str]:
    """Return what clients on this machine need, from the stack's outputs; empty while it is not up."""
    found: dict[str, str] = {}
    if isinstance(certificate := outputs.get("ca_certificate"), str):
        stack.ca_file.write_text(certificate)
        stack.ca_file.chmod(OWNER_ONLY)
        found[CA_FILE] = str(stack.ca_file)
    endpoints = outputs.get("endpoints")
    nats = endpoints.get("nats", {}) if isinstance(endpoints, dict) else {}
    if "client" in nats:
        found[NATS_URL] = f"tls://{nats['client']}"
    return found


def secret_variables(outputs: Mapping[str, object]) -> dict[str, str]:
    """Return the secrets that can be handed over as variables; `outputs` must have been read with secrets."""
    token = outputs.get("nats_token")
    return {NATS_TOKEN: token} if isinstance(token, str) and token else {}


def as_json(value: object) -> str:
    """Return the text of an output that the engine has printed as the JSON value it stands for."""
    return json.dumps(value, sort_keys=True)


def shell_lines(variables: Mapping[str, str]) -> str:
    """Return the lines that a POSIX shell evaluates to set `variables`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))

"""`ainp nats`: the real client, authenticated, inside the stack's network.

Credentials reach it as files of a volume that exists for this one command: never in an environment variable, an
argument or a container that stays. Two contexts are ready: `admin` (everything in account AINP, the default) and
`system` (the servers: ``ainp nats --context system server list``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from config import nats_conf, topology
from ops.access import NatsSecrets, nats_secrets
from ops.docker_formats import SETTINGS_FOLDER
from ops.docker_runtime import DockerRuntime
from ops.engine import Engine
from ops.runtime import Errand, Runtime
from ops.stack import Stack

SERVICE = "nats"
TOOLBOX = "toolbox"
TOOLBOX_USER = 10001
KIND = "errand"
CA_FILE = f"{SETTINGS_FOLDER}/ca.pem"
CONTEXTS = f"{SETTINGS_FOLDER}/nats/context"
"""Where the client looks with XDG_CONFIG_HOME set to the settings' folder."""


def run(stack: Stack, arguments: Sequence[str]) -> int:
    """Run the client with `arguments`; returns its exit code.

    Raises:
        OperatorError: the stack is not up, or Docker does not answer.
    """
    runtime: Runtime = DockerRuntime(Engine(stack).environment)
    return runtime.run_errand(
        Errand(
            image=runtime.image_of(stack.name, TOOLBOX),
            network=topology.resource_name(stack.name, SERVICE),
            command=("nats", *arguments),
            files=files(nats_secrets(stack)),
            environment={"XDG_CONFIG_HOME": SETTINGS_FOLDER, "NATS_CONTEXT": "admin"},
            user=TOOLBOX_USER,
            labels={
                topology.LABEL_STACK: stack.name,
                topology.LABEL_SERVICE: SERVICE,
                topology.LABEL_KIND: KIND,
            },
        )
    )


def files(secrets: NatsSecrets) -> dict[str, str]:
    """Return the client's files: CA, credentials, and the contexts that name them."""
    made = {CA_FILE: secrets.ca_certificate}
    if secrets.identities is None:
        return made | {f"{CONTEXTS}/admin.json": _context(token=secrets.token)}
    for name, credentials in (("admin", secrets.identities.admin_creds), ("system", secrets.identities.system_creds)):
        path = f"{SETTINGS_FOLDER}/{name}.creds"
        made |= {path: credentials, f"{CONTEXTS}/{name}.json": _context(creds=path)}
    return made


def _context(**credentials: str) -> str:
    return json.dumps({"url": f"tls://{SERVICE}:{nats_conf.CLIENT_PORT}", "ca": CA_FILE, **credentials})

"""Never create over the data of a lost state.

Docker hands out an existing volume to whoever names it. So every data volume carries the identity of the state that
made it, and a program whose state is another one stops before it touches anything. This is why the identity is an
output that the volumes depend on, and not a check of the command line alone: plain `pulumi up` is guarded too.
"""

from __future__ import annotations

import json
import secrets
import subprocess

import pulumi
from pulumi import Output
from pulumi.output import Unknown

from components import credentials
from config import topology


def state_identity(stack: str, *, parent: pulumi.Resource) -> Output[str]:
    """Return the identity of this stack's state, once no volume of another state is in the way.

    Raises:
        pulumi.RunError: (within the output) volumes of a state that this one does not know exist.
    """
    kept = credentials.keep("state-identity", secrets.token_hex(8), trigger="", parent=parent)

    def check(identity: str) -> str:
        known = "" if isinstance(identity, Unknown) else identity
        refuse_foreign_volumes(stack, known, data_volumes(stack))
        return identity

    return Output.unsecret(kept).apply(check, run_with_unknowns=True)


def refuse_foreign_volumes(stack: str, identity: str, volumes: dict[str, str]) -> None:
    """Compare the data volumes found (name -> identity of their state) with this state's.

    Raises:
        pulumi.RunError: one of them belongs to another state.
    """
    foreign = sorted(name for name, owner in volumes.items() if owner != identity)
    if foreign:
        raise pulumi.RunError(
            f"stack {stack}: data volumes exist that the state does not know: {', '.join(foreign)}. Its state was "
            "probably lost, or this is another checkout of the same stack. Nothing was changed. Bring the state back "
            "(the folder .state, or the backend that PULUMI_BACKEND_URL names), choose another stack name, or delete "
            f"the data for good with `ainp reset --stack {stack}`"
        )


def data_volumes(stack: str) -> dict[str, str]:
    """Return the stack's data volumes on the Docker Engine: name -> identity of the state that made it.

    Raises:
        pulumi.RunError: the engine does not answer.
    """
    query = ["docker", "volume", "ls", "--format", "{{json .}}"]
    for label, value in ((topology.LABEL_STACK, stack), (topology.LABEL_KIND, topology.KIND_DATA)):
        query += ["--filter", f"label={label}={value}"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise pulumi.RunError("the docker command is not on PATH; `ainp doctor` says what is missing") from error
    except subprocess.CalledProcessError as error:
        raise pulumi.RunError(f"Docker Engine does not answer: {error.stderr.strip()}; see `ainp doctor`") from error
    return {
        volume["Name"]: dict(pair.partition("=")[::2] for pair in volume["Labels"].split(",")).get(
            topology.LABEL_STATE, ""
        )
        for volume in map(json.loads, listed.stdout.splitlines())
    }

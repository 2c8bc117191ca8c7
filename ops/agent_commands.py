"""`ainp agent`: add, list and revoke agents of a running stack. What the commands do is `ops.agents`.

Credentials go to standard output, or with `--out` into a file that only its owner reads; they are shown once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ops import agents, stack
from ops.agents import ListedAgent, NatsAccess
from ops.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

StackOption = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", envvar=stack.VARIABLE, help="The stack to work on (default: dev)."),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name, a DNS label such as planner-1.")]

agent_app = typer.Typer(no_args_is_help=True, help="Add, list and revoke agents of a running stack.")


@agent_app.command()
def add(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the credentials here.")] = None,
    stack_name: StackOption = None,
) -> None:
    """Add an agent and hand out its credentials, once."""
    agents.checked_name(name)
    descriptor = _new_file(out) if out else None
    try:
        added = asyncio.run(agents.add(_access(stack_name), name))
    except BaseException:
        if out and descriptor is not None:
            os.close(descriptor)
            out.unlink()
        raise
    if descriptor is None:
        sys.stdout.write(added.creds)
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(added.creds)
    where = f"; credentials in {out}" if out else ""
    Console(stderr=True).print(f"agent {name} has id {added.agent.id}{where}", highlight=False, soft_wrap=True)


@agent_app.command("list")
def list_agents(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    stack_name: StackOption = None,
) -> None:
    """List all agents that were ever added."""
    rows = asyncio.run(agents.listed(_access(stack_name)))
    if as_json:
        typer.echo(agents.as_json(rows))
    else:
        Console(highlight=False).print(_table(rows) if rows else "no agents; `ainp agent add NAME` adds one")


@agent_app.command()
def revoke(name: NameArgument, stack_name: StackOption = None) -> None:
    """Revoke an agent: its connections end at once, and it cannot come back."""
    revoked = asyncio.run(agents.revoke(_access(stack_name), name))
    Console(highlight=False).print(f"agent {name} ({revoked.id}) is revoked on all servers", soft_wrap=True)


def _access(stack_name: str | None) -> NatsAccess:
    """Return how to reach the stack's NATS: `ops.access.nats_access(stack)`, the one thing needed from there."""
    from ops.access import nats_access  # noqa: PLC0415  # what it imports is not needed to show the help

    return nats_access(stack.named(stack_name))


def _new_file(path: Path) -> int:
    """Create a file for its owner alone, before the agent exists, so that its credentials are not lost."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise OperatorError(f"--out {path}: exists already", remedy="choose another file or remove it") from error
    except OSError as error:
        raise OperatorError(f"--out {path}: cannot be created: {error.strerror}") from error


def _table(rows: Sequence[ListedAgent]) -> Table:
    table = Table("name", "id", "added", "state")
    for row in rows:
        table.add_row(row.agent.name, row.agent.id, row.agent.created_at, row.state)
    return table

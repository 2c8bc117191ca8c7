"""The command line `ainp`: its commands and options. What they do is in the modules that they call.

An expected fault ends with its text on standard error and a non-zero exit code, never with a traceback.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from ops import environment as stack_environment
from ops import stack, status
from ops.docker_runtime import DockerRuntime
from ops.engine import Engine
from ops.errors import INTERRUPTED, OperatorError
from ops.up import up as bring_up

StackOption = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", envvar=stack.VARIABLE, help="The stack to work on (default: dev)."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class FaultGroup(TyperGroup):
    """Shows expected faults as text."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an `OperatorError` becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            err.print(Text("error: ", style="bold red").append(error.what, style="default"), soft_wrap=True)
            if error.remedy:
                err.print(Text("  → ").append(error.remedy), soft_wrap=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=FaultGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Operate a stack of the Agent network AINP.",
)


@app.command()
def up(name: StackOption = None) -> None:
    """Bring the stack up, and repair what an interrupted run left; ends with what runs and how to connect."""
    bring_up(stack.named(name), out)


@app.command("status")
def show_status(
    name: StackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of service, endpoint, health.")] = False,
) -> None:
    """Show every replica and whether its health command says that it is well."""
    chosen = stack.named(name)
    engine = Engine(chosen)
    rows = status.with_missing(DockerRuntime(engine.environment).replicas(chosen.name), engine.export())
    if as_json:
        typer.echo(json.dumps(status.as_json(rows), indent=2))
    elif rows:
        out.print(status.table(chosen.name, rows))
    else:
        out.print(f"stack {chosen.name}: nothing runs; `ainp up --stack {chosen.name}` brings it up")


@app.command()
def env(
    name: StackOption = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Secrets too.")] = False,
) -> None:
    """Print what a shell needs to work with the stack: eval "$(ainp env)"."""
    chosen = stack.named(name)
    variables = stack_environment.engine_variables(chosen)
    engine = Engine(chosen)
    outputs = engine.outputs(show_secrets=show_secrets) if engine.export() else {}
    variables |= stack_environment.client_variables(chosen, outputs)
    if show_secrets:
        variables |= stack_environment.secret_variables(outputs)
    typer.echo(stack_environment.shell_lines(variables))

"""The command line `ainp`: its commands and options. What they do is in the modules that they call.

An expected fault ends with its text on standard error and a non-zero exit code, never with a traceback.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from ops import down as take_down
from ops import environment as stack_environment
from ops import logs as stack_logs
from ops import nats_client, stack, status
from ops.agent_commands import agent_app
from ops.docker_runtime import DockerRuntime
from ops.doctor import table as doctor_table
from ops.engine import Engine
from ops.errors import INTERRUPTED, OperatorError
from ops.up import up as bring_up
from ops.verify import prove as prove_at_length
from ops.verify import verify as run_tests
from toolchain.doctor import examine

StackOption = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", envvar=stack.VARIABLE, help="The stack to work on (default: dev)."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

PASS_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""What is not an option of ours belongs to the command that is run."""

PLAIN_WIDTH = 160
"""Columns when the output is no terminal: wide enough that no line of ours is folded."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
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
app.add_typer(agent_app, name="agent")


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
    outputs = engine.outputs(show_secrets=show_secrets, absent_is_empty=True)
    variables |= stack_environment.client_variables(chosen, outputs)
    if show_secrets:
        variables |= stack_environment.secret_variables(outputs)
    typer.echo(stack_environment.shell_lines(variables))


@app.command(context_settings=PASS_ON)
def preview(context: typer.Context, name: StackOption = None) -> None:
    """Show what `up` would change: `pulumi preview` with all that it needs; further options are passed on."""
    engine = Engine(stack.named(name))
    if engine.export() is None:
        engine.create_stack()
    raise typer.Exit(engine.pass_through("preview", *context.args))


@app.command()
def down(
    name: StackOption = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Delete the data, keys and certificates too.")] = False,
    yes: YesOption = False,
) -> None:
    """Take the stack down. Data volumes survive unless --volumes is given."""
    chosen = stack.named(name)
    what = "Delete stack {} with all its data?" if volumes else "Take stack {} down (its data survives)?"
    _require_consent(what.format(chosen.name), yes)
    take_down.down(chosen, out, volumes=volumes)


@app.command()
def reset(name: StackOption = None, yes: YesOption = False) -> None:
    """Delete the stack for good: containers, networks, data and state. Also ends a stack whose state is lost."""
    chosen = stack.named(name)
    lines = take_down.would_reset(chosen)
    if not lines:
        out.print(f"stack {chosen.name}: there is nothing to delete")
        return
    out.print(f"stack {chosen.name}: this deletes for good")
    for line in lines:
        out.print(f"  {line}")
    _require_consent("Delete?", yes)
    take_down.reset(chosen, out)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="A service or one replica of it; all if left out.")] = None,
    name: StackOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more is printed.")] = False,
    tail: Annotated[str, typer.Option(help="Lines of each replica to begin with, or `all`.")] = "200",
) -> None:
    """Show what the replicas of the stack print."""
    chosen = stack.named(name)
    engine = Engine(chosen)
    runtime = DockerRuntime(engine.environment)
    replicas = stack_logs.choose(chosen, runtime.replicas(chosen.name), service)
    stack_logs.show(replicas, runtime, out, follow=follow, tail=tail, environment=engine.environment)


@app.command(context_settings=PASS_ON | {"allow_interspersed_args": False, "help_option_names": ["--ainp-help"]})
def nats(context: typer.Context, name: StackOption = None) -> None:
    """Run the NATS client inside the stack's network, authenticated: ainp nats stream ls."""
    raise typer.Exit(nats_client.run(stack.named(name), context.args))


@app.command(context_settings=PASS_ON)
def verify(context: typer.Context, name: StackOption = None) -> None:
    """Test the running stack; options of pytest are passed on."""
    raise typer.Exit(run_tests(stack.named(name), context.args))


@app.command(context_settings=PASS_ON)
def prove(context: typer.Context) -> None:
    """Prove at length, on stacks of the tests' own, what `make test` has no time for; writes evidence/."""
    raise typer.Exit(prove_at_length(context.args))


@app.command()
def doctor() -> None:
    """Show each tool that is needed: where it was found, which version, accepted or not, and the remedy."""
    findings = examine()
    out.print(doctor_table(findings))
    if not all(finding.accepted for finding in findings):
        raise typer.Exit(1)


def _require_consent(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise OperatorError("nothing was changed")

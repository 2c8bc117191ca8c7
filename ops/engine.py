"""The real ``pulumi`` program, run as a process for one stack.

The only module that starts it. Refusals become `OperatorError`s that say what to do; what the run does to resources
is told line by line to whoever watches (`ops.progress`).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ops import environment, events, processes
from ops.errors import OperatorError
from ops.passphrase import FILE, VALUE
from ops.stack import Stack

WRONG_PASSPHRASE = "incorrect passphrase"  # noqa: S105 - what pulumi says
NO_STACK = "no stack named"
LOCKED = "the stack is currently locked"
LOGS_KEPT = 20


class Engine:
    """Pulumi, for `stack`."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.environment = {**os.environ, **environment.engine_variables(stack)}
        self.log = stack.logs_folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.jsonl"
        """Every event of the last run that may be kept."""

    def create_stack(self) -> None:
        """Make the stack known to the backend; its settings file stays as it is, or gets its encryption salt."""
        self.run("stack", "init", self.stack.name, "--no-select", "--non-interactive")

    def export(self, *, show_secrets: bool = False) -> dict[str, Any] | None:
        """Return the stack's deployment, or nothing when the backend knows no such stack; secrets stay encrypted."""
        flags = ["--show-secrets"] if show_secrets else []
        try:
            return dict(json.loads(self.run("stack", "export", "--stack", self.stack.name, *flags)))
        except OperatorError as error:
            if NO_STACK in error.what:
                return None
            raise

    def replace_deployment(self, deployment: Mapping[str, Any]) -> None:
        """Put an edited export back."""
        self.run("stack", "import", "--stack", self.stack.name, stdin=json.dumps(deployment))

    def outputs(self, *, show_secrets: bool = False, absent_is_empty: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; without `show_secrets` a secret reads ``[secret]``.

        Raises:
            OperatorError: there is no such stack, or the passphrase is wrong.
        """
        flags = ["--show-secrets"] if show_secrets else []
        try:
            return dict(json.loads(self.run("stack", "output", "--json", "--stack", self.stack.name, *flags)))
        except OperatorError as error:
            if NO_STACK in error.what and absent_is_empty:
                return {}
            if NO_STACK in error.what:
                raise OperatorError(
                    f"stack {self.stack.name}: has never been up here", remedy=self._remedy("ainp up")
                ) from error
            raise

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a pulumi command and return what it prints.

        Raises:
            OperatorError: it failed; the text is pulumi's own where there is no better one.
        """
        try:
            done = subprocess.run(
                ["pulumi", *arguments], env=self.environment, cwd=self.stack.root, input=stdin, capture_output=True,
                text=True, check=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise self._missing() from error
        except subprocess.CalledProcessError as error:
            raise self._explained(error.stderr or error.stdout, " ".join(arguments[:2])) from error
        return done.stdout

    def pass_through(self, *arguments: str) -> int:
        """Run a pulumi command on the operator's terminal and return its exit code."""
        try:
            return subprocess.run(
                ["pulumi", *arguments, "--stack", self.stack.name], env=self.environment, cwd=self.stack.root,
                check=False,
            ).returncode  # fmt: skip
        except FileNotFoundError as error:
            raise self._missing() from error

    def watch(self, *arguments: str, on_event: Callable[[Any], None], mark: Mapping[str, str]) -> bool:
        """Run an updating command, tell `on_event` what happens, and return whether it succeeded.

        `mark` is the variable that tells its processes from others (`ops.run_lock`).

        Raises:
            OperatorError: it was refused before it began, or interrupted.
        """
        errors = self.log.with_suffix(".err")
        self._drop_old_logs()
        began = False
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as log:  # noqa: PTH123 - needs the mode at creation

            def on_line(line: str) -> None:
                nonlocal began
                if not events.is_for_the_log(line):
                    return
                log.write(line)
                event = events.parse(line)
                if event is not None:
                    began = True
                    on_event(event)

            try:
                code = processes.stream(
                    ["pulumi", *arguments, "--stack", self.stack.name, "--yes", "--skip-preview", "--json"],
                    on_line, environment={**self.environment, **mark}, folder=self.stack.root, errors=errors,
                )  # fmt: skip
            except FileNotFoundError as error:
                raise self._missing() from error
        if code and not began:
            raise self._explained(errors.read_text(), arguments[0])
        return code == 0

    def _explained(self, output: str, command: str) -> OperatorError:
        text = output.strip().removeprefix("error: ")
        if WRONG_PASSPHRASE in text:
            source = next((name for name in (VALUE, FILE) if name in os.environ), "")
            where = source or str(self.stack.passphrase_file.relative_to(self.stack.root))
            return OperatorError(
                f"stack {self.stack.name}: the passphrase in {where} is not the one that its secrets were encrypted "
                f"with (encryptionsalt in {self.stack.settings_file.name})",
                remedy=f"unset {source}, or set it to the right one"
                if source
                else f"put the right one there, or set {FILE}",
            )
        if LOCKED in text:
            return OperatorError(
                f"stack {self.stack.name}: {text}", remedy="wait until the other run has ended, then try again"
            )
        return OperatorError(f"pulumi {command}: {text}")

    def _missing(self) -> OperatorError:
        return OperatorError("pulumi is not on PATH", remedy="`make up` fetches or builds it; `ainp doctor` says more")

    def _remedy(self, command: str) -> str:
        return f"run `{command} --stack {self.stack.name}`"

    def _drop_old_logs(self) -> None:
        old: list[Path] = sorted(self.stack.logs_folder.glob("*.jsonl"))[:-LOGS_KEPT]
        for file in old:
            file.unlink()
            file.with_suffix(".err").unlink(missing_ok=True)

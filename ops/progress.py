"""Shows a run of the engine while it works: a line per resource with its elapsed time, and what is in progress.

On a terminal what is in progress is redrawn in place; elsewhere a line says when something that may take long begins.
Keeps the errors and failed steps, so that the command can show them once more where the eye falls.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from ops import events
from ops.events import Diagnostic, Phase, Step, Summary

SLOW = ("image", "container")
"""Kinds of resources that take long enough to be announced: images are built, containers become healthy."""
PAST = {"create": "created", "update": "updated", "remove": "removed", "check": "checked"}


class Progress:
    """What one run has done so far. Use as a context manager; `show` takes its events."""

    def __init__(self, console: Console) -> None:
        self.errors: list[Diagnostic] = []
        self.failed: list[Step] = []
        self.summary: Summary | None = None
        self._console = console
        self._running: dict[str, tuple[Step, float]] = {}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.clear()
        self._live.stop()

    def show(self, event: Step | Diagnostic | Summary) -> None:
        """Take the next event of the run."""
        if isinstance(event, Step):
            self._step(event)
        elif isinstance(event, Diagnostic):
            self._diagnostic(event)
        else:
            self.summary = event

    def _step(self, step: Step) -> None:
        if (step.kind, step.verb) == ("image", "remove"):
            return  # it leaves the state, and stays on the machine for the next `up`
        if step.phase is Phase.STARTED:
            self._running[step.urn] = (step, time.monotonic())
            if step.verb != "check" and step.kind in SLOW and not self._console.is_terminal:
                self._console.print(f"  … {step.verb} {step.kind} {step.name}", highlight=False)
            return
        _, since = self._running.pop(step.urn, (step, time.monotonic()))
        seconds = time.monotonic() - since
        if step.phase is Phase.FAILED:
            self.failed.append(step)
            self._console.print(Text(f"  ✗ {step.verb} {step.kind} {step.name}  {seconds:.1f} s", style="red"))
        elif step.verb != "check":
            self._console.print(_done(step, seconds))

    def _diagnostic(self, diagnostic: Diagnostic) -> None:
        if diagnostic.severity == "error":
            self.errors.append(diagnostic)
        elif diagnostic.severity == "warning":
            self._console.print(Text(f"  ! {diagnostic.text}", style="yellow"))

    def _render(self) -> RenderableType:
        now = time.monotonic()
        checks = [since for step, since in self._running.values() if step.verb == "check"]
        lines = [
            f"{step.verb} {step.kind} {step.name}  {now - since:.0f} s"
            for step, since in self._running.values()
            if step.verb != "check"
        ]
        if checks and not lines:
            lines = [f"looking at what is there  {now - min(checks):.0f} s"]
        frame = self._spinner.render(self._console.get_time())
        return Group(*(Text.assemble(str(frame), " ", line) for line in lines))

    def explanation(self) -> str:
        """Return the errors of the run, one below the other, each once and without the engine's wrapping."""
        lines: list[str] = []
        for diagnostic in self.errors:
            name = diagnostic.urn.rpartition("::")[2]
            line = f"{name}: {events.tidy(diagnostic.text)}" if name else events.tidy(diagnostic.text)
            if line not in lines:
                lines.append(line)
        return "\n".join([*lines, *self._ways_to_see_builds()])

    def _ways_to_see_builds(self) -> list[str]:
        """Say how to see what a failed image build printed: the engine passes on its exit code only."""
        failed = [step.name.removesuffix("-image") for step in self.failed if step.kind == "image"]
        if not failed:
            return []
        # loads the whole plugin's package, which only a failure is worth
        from components.docker.images import BUILD  # noqa: PLC0415

        return [f"{name}: `docker build {BUILD / name}` repeats the build and shows its output" for name in failed]


def _done(step: Step, seconds: float) -> Text:
    line = Text("  ✓ ", style="green")
    line.append(f"{PAST[step.verb]} {step.kind} {step.name}", style="default")
    line.append(f"  {seconds:.1f} s", style="dim")
    return line

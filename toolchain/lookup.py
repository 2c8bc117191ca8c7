"""Finding the tools that are there: on the PATH that everything of ours runs with, asked for their versions."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from toolchain import cache
from toolchain.commands import CommandError, run
from toolchain.environment import installed_plugin, tool_environment
from toolchain.go_builds import LANGUAGE_HOST
from toolchain.versions import accepts, pinned, version_in

ASK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A tool where it lies."""

    path: Path
    version: str
    accepted: bool


def find(program: str, tool: str, *arguments: str) -> Found | None:
    """Return the first `program` on the tools' PATH, or none; `tool` names its accepted range."""
    path = on_path(program)
    if path is None:
        return None
    version = cache.about(path.parent.parent).get("version") or ask(path, *arguments)
    return Found(path, version, accepts(tool, version))


def on_path(program: str) -> Path | None:
    """Return where the tools' PATH finds a program."""
    path = shutil.which(program, path=tool_environment()["PATH"])
    return Path(path) if path else None


def ask(path: Path, *arguments: str) -> str:
    """Return the version that a program reports; empty if it cannot be run or says none."""
    try:
        return version_in(run([str(path), *arguments], env=tool_environment(), timeout_seconds=ASK_SECONDS))
    except CommandError:
        return ""


def find_pulumi() -> Found | None:
    """Return the Pulumi command line."""
    return find("pulumi", "pulumi", "version")


def find_language_host() -> Found | None:
    """Return what runs Python programs for the engine; it comes with the command line, and has no range of its own."""
    path = on_path(LANGUAGE_HOST)
    pulumi = on_path("pulumi")
    if path is None and pulumi is not None:  # the engine looks beside itself too
        beside = pulumi.resolve().parent / LANGUAGE_HOST
        path = beside if beside.exists() else None
    if path is None:
        return None
    return Found(path, cache.about(path.parent.parent).get("version", ""), accepted=True)


def find_plugin(name: str) -> Found | None:
    """Return a resource plugin: on PATH, or where the engine itself keeps the pinned version."""
    program = f"pulumi-resource-{name}"
    own = installed_plugin(name) / program
    if own.exists():
        return Found(own, pinned(f"plugin-{name}"), accepted=True)
    return find(program, f"plugin-{name}", "-version")

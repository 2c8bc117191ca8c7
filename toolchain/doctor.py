"""What is there of the tools, and what to do where something is not: `ainp doctor`. Changes nothing."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass

from toolchain.base_image import image_id, image_name
from toolchain.engine import BY_HAND, State, examine_engine, permission_remedy
from toolchain.go import find_present, go_version
from toolchain.lookup import Found, find, find_language_host, find_plugin, find_pulumi
from toolchain.versions import accepts, pins, version_in

OBTAIN = "make up (or: .venv/bin/python -m toolchain ensure)"
BOOTSTRAP = "sh toolchain/bootstrap.sh"


@dataclass(frozen=True, slots=True)
class Finding:
    """One tool as it is now."""

    tool: str
    found_at: str
    """A path, the engine's address, or an image; empty if the tool is not there."""
    version: str
    accepted: bool
    remedy: str
    """What to do; empty for an accepted tool."""


def examine() -> list[Finding]:
    """Return a finding for each tool, in the order in which they depend on each other."""
    pulumi, host, plugin = find_pulumi(), find_language_host(), find_plugin("docker")
    complete = all(found is not None and found.accepted for found in (pulumi, host, plugin))
    return [
        _python(),
        _from_lookup("uv", find("uv", "uv", "--version"), BOOTSTRAP),
        _go(needed=not complete),
        _client(),
        _engine(),
        _from_lookup("pulumi", pulumi, OBTAIN),
        _from_lookup("language host", host, OBTAIN),
        _from_lookup("docker plugin", plugin, OBTAIN),
        _base_image(),
    ]


def _from_lookup(tool: str, found: Found | None, remedy: str) -> Finding:
    if found is None:
        return Finding(tool, "", "", accepted=False, remedy=remedy)
    return Finding(tool, str(found.path), found.version, found.accepted, "" if found.accepted else remedy)


def _python() -> Finding:
    version = platform.python_version()
    accepted = accepts("python", version)
    remedy = "" if accepted else f"install Python {pins('python')['accepted']} and run {BOOTSTRAP}"
    return Finding("python", sys.executable, version, accepted, remedy)


def _go(*, needed: bool) -> Finding:
    """Go counts only while something has yet to be built; then it is fetched if the one on PATH is too old."""
    path = next(iter(find_present()), "")
    version = go_version(path) if path else ""
    accepted = not needed or accepts("go", version)
    return Finding("go", path, version, accepted, "" if accepted else f"{OBTAIN} fetches it if something must be built")


def _client() -> Finding:
    path = shutil.which("docker")
    if path is None:
        return Finding("docker client", "", "", accepted=False, remedy=BY_HAND)
    found = find("docker", "docker", "--version")
    version = found.version if found else ""
    accepted = accepts("docker", version)
    return Finding("docker client", path, version, accepted, "" if accepted else "update the docker command")


def _engine() -> Finding:
    engine = examine_engine()
    accepted = engine.state is State.ANSWERS and accepts("docker", engine.version)
    if accepted:
        remedy = ""
    elif engine.state is State.NOT_PERMITTED:
        remedy = permission_remedy()
    elif engine.state is State.ANSWERS:
        remedy = "update Docker Engine"
    else:
        remedy = f"{OBTAIN} as root, or: {BY_HAND}"
    found_at = engine.address if engine.state is State.ANSWERS else ""
    return Finding("docker engine", found_at, version_in(engine.version), accepted, remedy)


def _base_image() -> Finding:
    found = image_id()
    return Finding("base image", image_name() if found else "", found[7:19], bool(found), "" if found else OBTAIN)

"""A Go compiler for the builds: one on PATH, else the pinned one, which any older go command can fetch as a module.

The module proxy serves Go itself (`golang.org/toolchain`), checked by the checksum database like any other module. A
machine without any go command gets its distribution's, which only has to be able to fetch.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from toolchain import apt, cache, steps
from toolchain.commands import CommandError, run
from toolchain.errors import ToolchainError
from toolchain.paths import cache_root
from toolchain.versions import accepts, pinned, version_in

OUTSIDE_PATH = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FLAGS = "-mod=readonly -modcacherw -trimpath -buildvcs=false"
"""Modules writable, so that the cache can be deleted like any folder; no trace of folders in the programs."""
PROGRAMS = ("bin/*", "pkg/tool/*/*")
EXECUTABLE = 0o755


@dataclass(frozen=True, slots=True)
class Go:
    """A go command and the variables it is run with."""

    path: str
    variables: dict[str, str]


def find_go() -> Go:
    """Return a Go that can build every tool, fetching it if need be.

    Raises:
        ToolchainError: there is none and none can be fetched.
    """
    present = find_present()
    for path in present:
        if accepts("go", go_version(path)):
            return _go(path)
    helper = present[0] if present else _from_distribution()
    with steps.step("go", f"fetch Go {pinned('go')} as a module", "none on PATH is recent enough"):
        cache.entry("tools", "go", pinned("go"), lambda folder: _fetch(helper, folder))
    return _go(str(_fetched()))


def _go(path: str) -> Go:
    return Go(path, _variables() | _own_root(path))


def _own_root(path: str) -> dict[str, str]:
    """Return what keeps a GOROOT that was set for another Go from misleading the one that was fetched."""
    return {"GOROOT": ""} if path == str(_fetched()) else {}


def _fetched() -> Path:
    return cache.place("tools", "go", pinned("go")) / "bin" / "go"


def go_version(path: str) -> str:
    """Return the version that a go command reports; empty if it cannot be run."""
    try:
        return version_in(run([path, "version"], env=_own_root(path) | {"GOTOOLCHAIN": "local"}, timeout_seconds=20))
    except CommandError:
        return ""


def find_present() -> list[str]:
    """Return the go commands of this machine, whatever their version; the one fetched earlier comes first."""
    candidates = [str(_fetched()), shutil.which("go"), *OUTSIDE_PATH]
    return [path for path in candidates if path and Path(path).exists()]


def _variables() -> dict[str, str]:
    """Return Go's settings: everything that it writes stays in the cache, unless the user has chosen other folders."""
    root = cache_root() / "go"
    chosen = {name: os.environ[name] for name in ("GOMODCACHE", "GOCACHE") if os.environ.get(name)}
    ours = {"GOMODCACHE": str(root / "modules"), "GOCACHE": str(root / "objects"), "GOPATH": str(root)}
    return {**ours, **chosen, "GOFLAGS": FLAGS, "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}


def _from_distribution() -> str:
    apt.install(["golang-go"], reason="Go, to fetch the pinned Go with")
    found = shutil.which("go")
    if found is None:
        raise _no_go("the distribution's golang-go brought no go command")
    return found


def _fetch(helper: str, folder: Path) -> dict[str, str]:
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise _no_go(f"no name is known here for Go's architecture of {machine}")
    module = f"golang.org/toolchain@v0.0.1-go{pinned('go')}.linux-{ARCHITECTURES[machine]}"
    variables = _variables() | {"GOFLAGS": "-modcacherw"}
    try:
        answer = run([helper, "mod", "download", "-json", module], cwd=folder, env=variables)
    except CommandError as error:
        raise _no_go(str(error)) from error
    shutil.copytree(json.loads(answer)["Dir"], folder, dirs_exist_ok=True)
    for pattern in PROGRAMS:  # a module's files carry no execute bits
        for program in folder.glob(pattern):
            program.chmod(EXECUTABLE)
    return {"version": pinned("go"), "how": "fetched as a Go module"}


def _no_go(why: str) -> ToolchainError:
    wanted = f"go: Go {pinned('go')} is needed to build tools from modules"
    return ToolchainError(wanted, why=why, by_hand=f"install Go {pinned('go')} or later and put `go` on PATH")

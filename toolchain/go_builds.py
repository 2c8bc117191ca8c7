"""Tools compiled from pinned Go modules.

Each has a folder below toolchain/go: go.mod (with a `tool` line, or beside a main.go of ours) and go.sum say everything
that is compiled. The go command checks every module against go.sum.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from toolchain import cache, steps
from toolchain.commands import CommandError, run
from toolchain.errors import ToolchainError
from toolchain.go import Go, find_go
from toolchain.paths import GO_MODULES, cache_root
from toolchain.versions import pinned, required_module

PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = "pulumi-language-python"
EXECUTABLE = 0o755
ROOM_GB = 6
"""What modules and objects of a cold build of everything take, with some to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What go.mod cannot say about a tool."""

    tool: str
    version: str
    minutes: float
    """How long a cold build takes on two cores, for the line that announces it."""
    stamp: str
    """The variable that the linker sets to the version; empty for none."""
    stamped_with: str = ""
    scripts: tuple[str, ...] = ()
    """Files of the SDK's module, of the CLI's version, that belong beside the tool."""


def recipe(tool: str) -> Recipe:
    """Return the recipe of one of the tools below toolchain/go."""
    if tool == "pulumi":
        version = pinned("pulumi")
        stamp = f"{PULUMI_SDK}/go/common/version.Version"
        return Recipe(tool=tool, version=version, minutes=3, stamp=stamp, stamped_with=f"v{version}")
    if tool == LANGUAGE_HOST:
        scripts = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
        version = required_module(tool, PULUMI_SDK)
        return Recipe(tool=tool, version=version, minutes=0.5, stamp="", scripts=scripts)
    version = pinned(tool.replace("pulumi-resource-", "plugin-"))
    return Recipe(tool=tool, version=version, minutes=2, stamp="main.version", stamped_with=version)


def place_of(tool: str) -> Path:
    """Return where the tool lies once it is built; the key changes with anything it is built from."""
    files = sorted(path for path in (GO_MODULES / tool).iterdir() if path.is_file())
    about = recipe(tool)
    parts = [platform.machine().encode(), repr((about.stamp, about.stamped_with)).encode()]
    if about.scripts:  # they come from another module of the CLI's version
        parts.append(pinned("pulumi").encode())
    for path in files:
        parts += [path.name.encode(), path.read_bytes()]
    return cache.place("tools", tool, cache.key_of(parts))


def ensure_built(tool: str, reason: str) -> Path:
    """Return the tool's folder in the cache, building it if it is not there.

    Raises:
        ToolchainError: no Go can be had, or the build failed.
    """
    final = place_of(tool)
    if final.is_dir():
        return final
    go = find_go()
    about = recipe(tool)
    why = f"about {about.minutes:g} min on two idle cores; {reason}"
    with steps.step(tool, f"build {about.version} from Go modules", why):
        return cache.entry("tools", tool, final.name, lambda folder: _build(about, go, folder))


def fetch_modules(tool: str, go: Go) -> None:
    """Fetch the modules that a later build will need. Failure is left to that build to explain."""
    source = GO_MODULES / tool
    with contextlib.suppress(CommandError):
        run([go.path, "list", "-deps", _target(source)], cwd=source, env=go.variables)


def _build(about: Recipe, go: Go, folder: Path) -> dict[str, str]:
    source, binaries, scratch = folder / "source", folder / "bin", folder / "scratch"
    shutil.copytree(GO_MODULES / about.tool, source)
    binaries.mkdir()
    scratch.mkdir()
    variables = go.variables | {"GOTMPDIR": str(scratch)}
    flags = "-s -w" + (f" -X {about.stamp}={about.stamped_with}" if about.stamp else "")
    try:
        run([go.path, "build", "-o", f"{binaries}/", "-ldflags", flags, _target(source)], cwd=source, env=variables)
        for script in about.scripts:
            _copy_script(script, go, binaries)
    except CommandError as error:
        raise _failed(about.tool, str(error)) from error
    shutil.rmtree(source)
    shutil.rmtree(scratch)
    return {"version": about.version, "how": "built from Go modules"}


def _target(source: Path) -> str:
    """Return what to build: a program of ours, or what the go.mod names as its tool."""
    return "." if (source / "main.go").exists() else "tool"


def _failed(tool: str, said: str) -> ToolchainError:
    what = f"{tool}: the build from Go modules failed"
    again = f"and run the same command again; or put {tool} on PATH yourself"
    if "no space left on device" in said:
        room = f"make room for {ROOM_GB} GB there, or set XDG_CACHE_HOME to another disk"
        return ToolchainError(what, why=f"the disk of {cache_root()} is full\n{said}", by_hand=f"{room}, {again}")
    proxy = "see that the Go module proxy can be reached (`go env GOPROXY`)"
    return ToolchainError(what, why=said, by_hand=f"{proxy}, {again}")


def _copy_script(script: str, go: Go, binaries: Path) -> None:
    """Copy a file of the SDK's module, at the version that the CLI is built with, as a program."""
    # Asked in the CLI's module, the answer is checked against its go.sum.
    answer = run([go.path, "mod", "download", "-json", PULUMI_SDK], cwd=GO_MODULES / "pulumi", env=go.variables)
    target = binaries / Path(script).name
    shutil.copyfile(Path(json.loads(answer)["Dir"]) / script, target)
    target.chmod(EXECUTABLE)

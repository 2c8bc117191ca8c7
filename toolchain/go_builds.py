"""Tools compiled from pinned Go modules.

Each has a folder below toolchain/go: go.mod (with a `tool` line, or beside a main.go of ours) and go.sum say everything
that is compiled. The go command checks every module against go.sum.
"""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from toolchain import cache, steps
from toolchain.commands import CommandError, run
from toolchain.errors import ToolchainError
from toolchain.go import Go, find_go
from toolchain.paths import GO_MODULES
from toolchain.versions import pinned, required_module

PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = "pulumi-language-python"
EXECUTABLE = 0o755


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
    inputs: tuple[Path, ...] = field(default=())


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
    what = f"build {about.version} from Go modules, about {about.minutes:g} min ({reason})"
    with steps.step(tool, what):
        return cache.entry("tools", tool, final.name, lambda folder: _build(about, go, folder))


def _build(about: Recipe, go: Go, folder: Path) -> dict[str, str]:
    source, binaries = folder / "source", folder / "bin"
    shutil.copytree(GO_MODULES / about.tool, source)
    binaries.mkdir()
    target = "." if (source / "main.go").exists() else "tool"
    flags = "-s -w" + (f" -X {about.stamp}={about.stamped_with}" if about.stamp else "")
    try:
        run([go.path, "build", "-o", f"{binaries}/", "-ldflags", flags, target], cwd=source, env=go.variables)
        for script in about.scripts:
            _copy_script(script, go, binaries)
    except CommandError as error:
        raise ToolchainError(
            f"{about.tool}: the build from Go modules failed",
            why=str(error),
            by_hand=(
                "see that the Go module proxy can be reached (`go env GOPROXY`) and that the disk has 6 GB free, and "
                f"run the same command again; or put {about.tool} on PATH yourself"
            ),
        ) from error
    shutil.rmtree(source)
    return {"version": about.version, "how": "built from Go modules"}


def _copy_script(script: str, go: Go, binaries: Path) -> None:
    """Copy a file of the SDK's module, at the version that the CLI is built with, as a program."""
    # Asked in the CLI's module, the answer is checked against its go.sum.
    answer = run([go.path, "mod", "download", "-json", PULUMI_SDK], cwd=GO_MODULES / "pulumi", env=go.variables)
    target = binaries / Path(script).name
    shutil.copyfile(Path(json.loads(answer)["Dir"]) / script, target)
    target.chmod(EXECUTABLE)

"""The toolchain's command line: `python -m toolchain ensure [TOOL ...]`, `... doctor`, `... wheels GROUP`."""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import sys
from collections.abc import Callable

from toolchain import steps
from toolchain.base_image import ensure_base_image
from toolchain.doctor import examine
from toolchain.engine import ensure_engine
from toolchain.errors import ToolchainError
from toolchain.paths import cache_root
from toolchain.pulumi import ensure_plugin, ensure_pulumi, fetch_ahead
from toolchain.wheels import site_packages

PLUGINS = {"plugin-docker": "docker"}
"""A plugin for another target is a line more."""
ENSURE: dict[str, Callable[[], None]] = {
    "docker": ensure_engine,
    "base-image": ensure_base_image,
    "pulumi": ensure_pulumi,
    **{tool: functools.partial(ensure_plugin, name) for tool, name in PLUGINS.items()},
}
"""In this order, but that the base image is made beside the rest: it waits for the network and for the disk."""
INTERRUPTED = 130


def ensure(tools: list[str]) -> None:
    """Obtain the named tools, or all."""
    print(f"Tools, kept in {cache_root()}:")
    wanted = [name for name in ENSURE if name in tools or not tools]
    beside: list[concurrent.futures.Future[None]] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        if "pulumi" in wanted:
            fetch_ahead([PLUGINS[tool] for tool in wanted if tool in PLUGINS])
        for name in wanted:
            if name == "base-image":
                beside.append(pool.submit(ENSURE[name]))
            else:
                ENSURE[name]()
    for work in beside:
        work.result()


def doctor() -> bool:
    """Print the findings; tell whether all are accepted."""
    findings = examine()
    for finding in findings:
        state = "ok" if finding.accepted else "missing" if not finding.found_at else "refused"
        steps.found(
            f"{finding.tool} {finding.version}".strip(), f"{state} {finding.found_at} {finding.remedy}".rstrip()
        )
    return all(finding.accepted for finding in findings)


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolchain", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    wanted = commands.add_parser("ensure", help="obtain tools, all if none is named")
    wanted.add_argument("tool", nargs="*", metavar="TOOL", help=", ".join(ENSURE))
    commands.add_parser("doctor", help="tell what is there")
    commands.add_parser("wheels", help="collect a dependency group for images").add_argument("group")
    arguments = parser.parse_args()
    try:
        if arguments.command == "doctor":
            return 0 if doctor() else 1
        if arguments.command == "wheels":
            print(site_packages(arguments.group))
            return 0
        unknown = [tool for tool in arguments.tool if tool not in ENSURE]
        if unknown:
            parser.error(f"unknown tool {unknown[0]!r}; known are {', '.join(ENSURE)}")
        ensure(arguments.tool)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())

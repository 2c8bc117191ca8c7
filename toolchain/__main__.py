"""The toolchain's command line: `python -m toolchain ensure [TOOL ...]`, `... doctor`, `... wheels GROUP`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from toolchain import steps
from toolchain.base_image import ensure_base_image
from toolchain.doctor import examine
from toolchain.engine import ensure_engine
from toolchain.errors import ToolchainError
from toolchain.paths import cache_root
from toolchain.pulumi import ensure_plugin, ensure_pulumi
from toolchain.wheels import site_packages

ENSURE: dict[str, Callable[[], None]] = {
    "docker": ensure_engine,
    "pulumi": ensure_pulumi,
    "plugin-docker": lambda: ensure_plugin("docker"),
    "base-image": ensure_base_image,
}
"""In this order; a plugin for another target is a line more."""
INTERRUPTED = 130


def ensure(tools: list[str]) -> None:
    """Obtain the named tools, or all."""
    print(f"Tools, kept in {cache_root()}:")
    for name, obtain in ENSURE.items():
        if name in tools or not tools:
            obtain()


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

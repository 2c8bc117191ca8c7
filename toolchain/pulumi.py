"""Pulumi: the command line, the host for Python programs, and the plugins that a target needs."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from toolchain import steps, vendor
from toolchain.go import find_go
from toolchain.go_builds import LANGUAGE_HOST, ensure_built, fetch_modules
from toolchain.lookup import Found, find_language_host, find_plugin, find_pulumi


def ensure_pulumi() -> None:
    """Return when an accepted command line with its language host is found.

    Raises:
        ToolchainError: it can neither be downloaded nor built.
    """
    pulumi = find_pulumi()
    if not (pulumi and pulumi.accepted and find_language_host()):
        refusal = vendor.install_pulumi()
        if refusal:
            if not (pulumi and pulumi.accepted):
                ensure_built("pulumi", refusal)
            ensure_built(LANGUAGE_HOST, refusal)
    _report("pulumi", find_pulumi())
    _report("language host", find_language_host())


def ensure_plugin(name: str) -> None:
    """Return when an accepted resource plugin is found; `ensure_pulumi` comes first.

    Raises:
        ToolchainError: it can neither be installed nor built.
    """
    tool = f"plugin-{name}"
    plugin = find_plugin(name)
    if not (plugin and plugin.accepted):
        refusal = vendor.install_plugin(name)
        if refusal:
            ensure_built(f"pulumi-resource-{name}", refusal)
    _report(tool, find_plugin(name))


def fetch_ahead(plugins: Sequence[str]) -> None:
    """Fetch, beside other work, the modules of what will have to be built: compiling leaves the network idle.

    Raises:
        ToolchainError: something must be built and no Go can be had.
    """
    missing = [f"pulumi-resource-{name}" for name in plugins if not (found := find_plugin(name)) or not found.accepted]
    if not missing or not vendor.unreachable():
        return
    go = find_go()
    for tool in missing:
        threading.Thread(target=fetch_modules, args=(tool, go), daemon=True).start()


def _report(tool: str, found: Found | None) -> None:
    if found is not None:
        steps.found(tool, f"{found.version or 'version not told'} at {found.path}")

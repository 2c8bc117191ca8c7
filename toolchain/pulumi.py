"""Pulumi: the command line, the host for Python programs, and the plugins that a target needs."""

from __future__ import annotations

from toolchain import steps, vendor
from toolchain.go_builds import LANGUAGE_HOST, ensure_built
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


def _report(tool: str, found: Found | None) -> None:
    if found is not None:
        steps.found(tool, f"{found.version or 'version not told'} at {found.path}")

"""The variables under which the tools are found: what `ainp env` prints and every program of ours is started with."""

from __future__ import annotations

import os
from pathlib import Path

from toolchain import go_builds
from toolchain.cache import place
from toolchain.paths import VENV_BIN, pulumi_home
from toolchain.versions import pinned

USER_PLUGINS = Path(".pulumi") / "plugins"
"""Below the home folder: where a user's own `pulumi plugin install` puts plugins."""
BUILT = ("pulumi", "pulumi-language-python", "pulumi-resource-docker")
PLUGINS = ("docker",)


def tool_environment() -> dict[str, str]:
    """Return the variables to add to the environment. Nothing in them is secret, and nothing is run to find them."""
    ours = [str(folder) for folder in (*_cached(), VENV_BIN, *_of_the_user()) if folder.is_dir()]
    inherited = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part not in ours]
    return {
        "PATH": os.pathsep.join([*ours, *inherited]),
        "PULUMI_HOME": str(pulumi_home()),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def vendor_pulumi() -> Path:
    """Return where the vendor's archive of the Pulumi CLI is unpacked, if it is."""
    return place("tools", "pulumi-vendor", pinned("pulumi"))


def installed_plugin(name: str) -> Path:
    """Return the folder in which the engine itself looks for the pinned version of a plugin."""
    return pulumi_home() / "plugins" / f"resource-{name}-v{pinned(f'plugin-{name}')}"


def _cached() -> list[Path]:
    uv = place("tools", "uv", pinned("uv"))
    return [folder / "bin" for folder in (uv, vendor_pulumi(), *(go_builds.place_of(tool) for tool in BUILT))]


def _of_the_user() -> list[Path]:
    """Return plugins that lie in the user's own Pulumi folder, which is not the one that we use."""
    if "PULUMI_HOME" in os.environ:
        return []
    return [Path.home() / USER_PLUGINS / installed_plugin(name).name for name in PLUGINS]

"""Packages of the distribution: installed as root on Debian and its kin, after saying so; elsewhere named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from toolchain import steps
from toolchain.commands import CommandError, run
from toolchain.errors import ToolchainError

UNATTENDED = {"DEBIAN_FRONTEND": "noninteractive"}
WAIT = ("-o", "DPkg::Lock::Timeout=300")
"""For another apt-get, a nightly upgrade for instance, to end."""


def usable() -> bool:
    """Tell whether packages can be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], *, reason: str) -> None:
    """Install packages and nothing that they only recommend.

    Raises:
        ToolchainError: not root, no apt-get, or it failed.
    """
    names = " ".join(packages)
    by_hand = f"as root: apt-get update && apt-get install --no-install-recommends {names}"
    if not usable():
        why = "this user is not root" if shutil.which("apt-get") else "this is no Debian or Ubuntu: there is no apt-get"
        raise ToolchainError(f"{reason}: the packages {names} are missing", why=why, by_hand=by_hand)
    with steps.step("system", f"apt-get install {names}", reason):
        try:
            run(["apt-get", "update", "--quiet", *WAIT], env=UNATTENDED)
            argv = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *WAIT, *packages]
            run(argv, env=UNATTENDED)
        except CommandError as error:
            raise ToolchainError(
                f"{reason}: {names} could not be installed", why=str(error), by_hand=by_hand
            ) from error


def offers(package: str) -> bool:
    """Tell whether the distribution knows a package; only after an update of its lists is the answer certain."""
    try:
        return bool(run(["apt-cache", "search", "--names-only", f"^{package}$"], timeout_seconds=60).strip())
    except CommandError:
        return False


def mirrors() -> dict[str, str]:
    """Return the addresses this machine's packages come from, by release name (`bookworm`, `bookworm-security`)."""
    argv = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    try:
        lines = run(argv, timeout_seconds=60).splitlines()
    except CommandError:
        return {}
    return {release: address.rstrip("/") for release, _, address in (line.partition(" ") for line in lines)}

"""Python packages for our own images: collected here, for the interpreter and the C library of the base image.

Images then need no package index while they are built, and hold exactly what uv.lock says.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from toolchain import cache, steps
from toolchain.commands import CommandError, run
from toolchain.environment import tool_environment
from toolchain.errors import ToolchainError
from toolchain.paths import CHECKOUT, VENV_BIN
from toolchain.versions import pins


def site_packages(group: str) -> Path:
    """Return a folder that holds the packages of a dependency group, ready for the image's PYTHONPATH.

    Raises:
        ToolchainError: the lock is out of date, or a package cannot be fetched.
    """
    requirements = _exported(group)
    target = f"cp{pins('wheels')['python']} {_platform()}"
    key = cache.key_of([requirements.encode(), target.encode()])
    final = cache.place("wheels", group, key)
    if not final.is_dir():
        with steps.step("wheels", f"collect the packages of {group} for {target}"):
            cache.entry("wheels", group, key, lambda folder: _collect(requirements, folder))
    return final / "site-packages"


def _platform() -> str:
    return f"{platform.machine()}-manylinux_{pins('wheels')['glibc']}"


def _exported(group: str) -> str:
    argv = ["uv", "export", "--frozen", "--only-group", group, "--no-emit-project", "--no-header", "--no-annotate"]
    try:
        return run(argv, cwd=CHECKOUT, env=tool_environment())
    except CommandError as error:
        raise ToolchainError(
            f"wheels: the dependency group {group} cannot be read from uv.lock",
            why=str(error),
            by_hand="run `sh toolchain/bootstrap.sh`; after a change in pyproject.toml, `uv lock`",
        ) from error


def _collect(requirements: str, folder: Path) -> dict[str, str]:
    listed = folder / "requirements.txt"
    listed.write_text(requirements)
    argv = ["uv", "pip", "install", "--quiet", "--python", str(VENV_BIN / "python"), "--require-hashes"]
    argv += ["--target", str(folder / "site-packages"), "--requirements", str(listed), "--link-mode", "copy"]
    argv += ["--python-version", pins("wheels")["python"], "--python-platform", _platform()]
    argv += ["--only-binary", ":all:", *(part for name in pins("wheels")["built"] for part in ("--no-binary", name))]
    try:
        run(argv, cwd=CHECKOUT, env=tool_environment())
    except CommandError as error:
        raise ToolchainError(
            "wheels: packages for the images cannot be collected",
            why=str(error),
            by_hand="see that the Python package index can be reached, and run the same command again",
        ) from error
    # Scripts begin with the path of this machine's interpreter: of no use in an image, and different everywhere.
    shutil.rmtree(folder / "site-packages" / "bin", ignore_errors=True)
    return {"version": pins("wheels")["python"], "how": "collected with uv"}

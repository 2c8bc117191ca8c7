from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from toolchain.paths import CHECKOUT
from toolchain.versions import pinned

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return as much of a fresh clone as bootstrap.sh reads."""
    copied = tmp_path / "checkout"
    copied.mkdir()
    shutil.copytree(CHECKOUT / "toolchain", copied / "toolchain")
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(CHECKOUT / name, copied)
    return copied


def bootstrap(checkout: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    return subprocess.run(
        ["/bin/sh", str(checkout / "toolchain" / "bootstrap.sh")],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def place(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_failing_uv_is_quoted_and_nothing_counts_as_done(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    place(programs, "uv", '[ "$1" = --version ] && { echo uv 0.13.9; exit; }; echo "no route to host" >&2; exit 2')
    done = bootstrap(checkout, PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "packages: uv sync failed" in done.stderr
    assert "no route to host" in done.stderr
    assert "by hand:" in done.stderr
    assert not (checkout / ".venv" / ".synced").exists()


def test_a_package_index_out_of_reach_is_named_and_leaves_no_uv(checkout: Path, tmp_path: Path) -> None:
    done = bootstrap(checkout, PIP_NO_INDEX="1", PATH=SYSTEM_PATH)
    if "3.11 or later with venv is missing" in done.stderr:
        pytest.skip("the system has no Python of its own")
    assert done.returncode == 1
    assert f"uv: {pinned('uv')} could not be installed" in done.stderr
    assert not list((tmp_path / "cache").glob("ainp/tools/uv/*"))


def test_a_machine_without_python_is_told_what_to_install(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    for name in ("dirname", "mktemp", "rm", "id", "date", "tail", "cat"):
        place(programs, name, f'PATH={SYSTEM_PATH} exec {name} "$@"')
    script = checkout / "toolchain" / "bootstrap.sh"
    script.write_text(script.read_text().replace(" /usr/bin/python3; do", "; do"))
    done = bootstrap(checkout, PATH=str(programs))
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr

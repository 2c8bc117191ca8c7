"""Entries of the cache: made once, under a lock, whole or not at all.

An entry is a folder `<kind>/<name>/<key>`, where the key stands for everything that its content depends on. It is made
in a temporary folder beside the cache's other content and renamed when complete, so a killed run leaves no half entry.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from toolchain import steps
from toolchain.errors import ToolchainError
from toolchain.paths import cache_root

ABOUT = "about.json"
KEY_LENGTH = 16


def key_of(parts: Iterable[bytes]) -> str:
    """Return a short name for the given content; where one part ends and the next begins counts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:KEY_LENGTH]


def place(kind: str, name: str, key: str) -> Path:
    """Return where an entry lies, made or not."""
    return cache_root() / kind / name / key


def entry(kind: str, name: str, key: str, make: Callable[[Path], dict[str, str]]) -> Path:
    """Return the entry's folder, calling `make` with an empty folder to fill when there is none yet.

    What `make` returns is kept in the entry as `about.json`: its version, how it was obtained.

    Raises:
        ToolchainError: the cache cannot be written, or `make` failed.
    """
    final = place(kind, name, key)
    if final.is_dir():
        return final
    try:
        with locked(name):
            if not final.is_dir():
                _make(final, name, make)
    except OSError as error:
        raise _unwritable(name, error) from error
    return final


def about(folder: Path) -> dict[str, str]:
    """Return what an entry says of itself; empty for a folder that is none."""
    try:
        found: dict[str, str] = json.loads((folder / ABOUT).read_text())
    except OSError:
        return {}
    return found


def _make(final: Path, name: str, make: Callable[[Path], dict[str, str]]) -> None:
    scratch = cache_root() / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.glob(f"{name}.*"):  # of a run that was killed: we hold its lock
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=scratch))
    try:
        folder.chmod(0o755)
        (folder / ABOUT).write_text(json.dumps(make(folder)) + "\n")
        final.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of `name` against other runs; the system drops it when this process ends in any way.

    Raises:
        ToolchainError: the cache cannot be written.
    """
    folder = cache_root() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(name, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.step(name, "waiting for another run that is at it"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _unwritable(name: str, error: OSError) -> ToolchainError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return ToolchainError(
        f"{name}: cannot write to the cache {cache_root()}",
        why="the disk is full" if full else str(error),
        by_hand=("make room there" if full else "make it writable")
        + ", or set XDG_CACHE_HOME to another folder; then run the same command again",
    )
